#include "latchkey/credential/hash_client.h"

#include <algorithm>
#include <utility>

#include "credential/hash_run.h"
#include "credential/worker_watch.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/scrub.h"
#include "latchkey/credential/hash_scheme.h"
#include "latchkey/runtime/await.h"

namespace latchkey::credential {

class HashClient::Waiting {
 public:
  Waiting(HashClient& client, Job job) noexcept : client_(client), job_(std::move(job)) {}

  bool await_ready() const noexcept { return false; }
  /// False if no other job can be refused instead. The waiter then goes on at once.
  bool await_suspend(std::coroutine_handle<> waiter) noexcept {
    job_->set_waiter(waiter);
    return client_.submit(job_);
  }
  void await_resume() const noexcept {}

 private:
  HashClient& client_;
  const Job job_;
};

/// Outlives the frame that waits for the job if another runner finished first.
class HashClient::Attempt final : public runtime::Message {
 public:
  Attempt(HashClient& from, Job what, std::size_t whose, Runner by) noexcept
      : client(from), job(std::move(what)), worker(whose), runner(by) {}

  void work(runtime::Port& there) noexcept override {
    job->run(runner, client.pool_.clock());
    // The hash libraries do not say what they leave of a password on the stack.
    scrub_stack<kHashStackBytes>();
    if (runner == Runner::kWorker) {
      client.pool_.note_done(worker);
    } else {
      client.pool_.note_relief(worker);
    }
    there.finish(*this);
  }
  void done() noexcept override { client.come_home(*this); }

  HashClient& client;
  const Job job;
  const std::size_t worker;  ///< at a standby: the worker that it relieves
  const Runner runner;
};

struct HashClient::InHand {
  std::vector<std::unique_ptr<Attempt>> at_worker;  ///< in their order, at most kMaxAtWorker
  std::unique_ptr<Attempt> at_standby;
  WorkerWatch watch;
};

HashClient::HashClient(runtime::Port& port, HashPool& pool, std::size_t max_waiting)
    : port_(port), pool_(pool), queue_(max_waiting), in_hand_(pool.workers().size()) {}

HashClient::~HashClient() { LATCHKEY_ASSERT(queue_.is_empty() && queue_.refused() == 0 && in_hand() == 0); }

std::size_t HashClient::in_hand() const noexcept {
  std::size_t jobs = 0;
  for (const InHand& hand : in_hand_) jobs += hand.at_worker.size() + (hand.at_standby == nullptr ? 0 : 1);
  return jobs;
}

bool HashClient::submit(const Job& job) noexcept {
  if (queue_.is_empty()) {
    if (const std::optional<std::size_t> worker = free_worker()) {
      start(job, *worker);
      return true;
    }
  }
  if (queue_.is_full()) metrics_.refused.fetch_add(1, std::memory_order_relaxed);
  const bool is_waiting = queue_.add(job);
  metrics_.waiting.store(queue_.waiting(), std::memory_order_relaxed);
  return is_waiting;
}

/// The worker that has the fewest of this client's jobs, if it may have another.
std::optional<std::size_t> HashClient::free_worker() const noexcept {
  const auto least = std::min_element(
      in_hand_.begin(), in_hand_.end(),
      [](const InHand& one, const InHand& other) { return one.at_worker.size() < other.at_worker.size(); });
  if (least->at_worker.size() == kMaxAtWorker) return std::nullopt;
  return static_cast<std::size_t>(least - in_hand_.begin());
}

void HashClient::start_next() noexcept {
  if (queue_.is_empty()) return;
  if (const std::optional<std::size_t> worker = free_worker()) start(take_next(), *worker);
}

HashClient::Job HashClient::take_next() noexcept {
  Job job = queue_.take();
  metrics_.waiting.store(queue_.waiting(), std::memory_order_relaxed);
  return job;
}

void HashClient::start(Job job, std::size_t worker) noexcept {
  InHand& hand = in_hand_[worker];
  if (hand.at_worker.empty()) {
    const BootTime now = pool_.clock().boot();
    hand.watch.begin(now, pool_.cpu_time_of(worker));
    look_ms_ = std::min(look_ms_, now.ms + pool_.refusal_step().ms());
  }
  hand.at_worker.push_back(std::make_unique<Attempt>(*this, std::move(job), worker, Runner::kWorker));
  send(*hand.at_worker.back(), pool_.workers()[worker]);
}

void HashClient::send(Attempt& attempt, runtime::PortId to) noexcept {
  // Never full: the queue between two ports has room for more than kMaxAtWorker, and a standby serves this
  // caller alone.
  const bool is_sent = port_.send(to, attempt);
  LATCHKEY_ASSERT(is_sent);
}

void HashClient::come_home(const Attempt& attempt) noexcept {
  const std::unique_ptr<Attempt> home = take_home(attempt);
  start_next();
  if (home->job->settle(home->runner)) {
    metrics_.hashes.fetch_add(1, std::memory_order_relaxed);
    note_times(*home->job);
    home->job->waiter().resume();
  }
  answer_refused(queue_.refused());
}

void HashClient::note_times(const HashRun& run) noexcept {
  const BootTime began = run.began();
  metrics_.wait.record((began - run.asked()).count() * kNanosecondsPerMillisecond);
  metrics_.duration[run.scheme()].record((pool_.clock().boot() - began).count() * kNanosecondsPerMillisecond);
}

std::unique_ptr<HashClient::Attempt> HashClient::take_home(const Attempt& attempt) noexcept {
  InHand& hand = in_hand_[attempt.worker];
  if (attempt.runner == Runner::kStandby) return std::move(hand.at_standby);
  LATCHKEY_ASSERT(hand.at_worker.front().get() == &attempt);  // a worker runs them in their order
  std::unique_ptr<Attempt> home = std::move(hand.at_worker.front());
  hand.at_worker.erase(hand.at_worker.begin());
  return home;
}

/// The only place where refused jobs' coroutines go on. It is not called from `submit`, because such a
/// coroutine may submit a job of its own and have another refused.
void HashClient::answer_refused(std::size_t most) noexcept {
  for (most = std::min(most, queue_.refused()); most > 0; --most) {
    // The queue's share in the job ends first. What the job owns is gone as soon as its coroutine drops its
    // own.
    const std::coroutine_handle<> waiter = queue_.take_refused()->waiter();
    waiter.resume();
  }
}

std::int64_t HashClient::pass(BootTime now) noexcept {
  answer_refused(kRefusalsPerPass);
  relieve_where_needed(now);
  return queue_.refused() == 0 ? look_ms_ : now.ms;
}

void HashClient::relieve_where_needed(BootTime now) noexcept {
  if (now.ms < look_ms_) return;
  look_ms_ = runtime::kNever;
  const std::int64_t step_ms = pool_.refusal_step().ms();
  for (std::size_t worker = 0; worker < in_hand_.size(); ++worker) {
    if (in_hand_[worker].at_worker.empty()) continue;
    WorkerWatch& watch = in_hand_[worker].watch;
    if (watch.is_due(now, step_ms)) watch.look(now, pool_.cpu_time_of(worker), pool_.last_done_ms(worker));
    if (watch.wants_relief(now, step_ms, pool_.last_relief_ms(worker))) relieve(worker);
    look_ms_ = now.ms + step_ms;
  }
}

/// Has the standby do the job that has waited longest at the worker. If a standby has answered all of those,
/// it does the queue's next.
void HashClient::relieve(std::size_t worker) noexcept {
  InHand& hand = in_hand_[worker];
  if (hand.at_standby != nullptr) return;
  const auto stuck = std::find_if(hand.at_worker.begin(), hand.at_worker.end(),
                                  [](const auto& attempt) { return !attempt->job->is_settled(); });
  const bool is_at_worker = stuck != hand.at_worker.end();
  if (!is_at_worker && queue_.is_empty()) return;
  const std::optional<runtime::PortId> standby = pool_.engage_standby_of(worker);
  if (!standby) return;
  Job job = is_at_worker ? (*stuck)->job : take_next();
  hand.at_standby = std::make_unique<Attempt>(*this, std::move(job), worker, Runner::kStandby);
  metrics_.reliefs.fetch_add(1, std::memory_order_relaxed);
  send(*hand.at_standby, *standby);
}

runtime::Task<Result<bool>> HashClient::verify(SecretText password, std::string stored_hash,
                                               BootTime* began) {
  const std::size_t scheme = scheme_place(stored_hash);
  const auto run = make_hash_run([password = std::move(password), stored_hash = std::move(stored_hash)] {
    return verify_password(password.view(), stored_hash);
  });
  run->describe(pool_.clock().boot(), scheme);
  LATCHKEY_AWAIT(Waiting(*this, run));
  Result<bool> outcome = run->take_outcome();
  if (began != nullptr && outcome) *began = run->began();
  co_return outcome;
}

runtime::Task<Result<std::string>> HashClient::make(SecretText password) {
  const auto run = make_hash_run([password = std::move(password), &settings = pool_.settings()] {
    return make_hash(password.view(), settings);
  });
  run->describe(pool_.clock().boot(), scheme_place(pool_.dummy_hash()));
  LATCHKEY_AWAIT(Waiting(*this, run));
  co_return run->take_outcome();
}

runtime::Task<Result<std::int64_t>> HashClient::time(std::string stored_hash, const Clock& clock) {
  const std::size_t scheme = scheme_place(stored_hash);
  const auto run = make_hash_run([stored_hash = std::move(stored_hash), &clock] {
    return RefusalStep::time_verification(stored_hash, clock);
  });
  run->describe(pool_.clock().boot(), scheme);
  LATCHKEY_AWAIT(Waiting(*this, run));
  co_return run->take_outcome();
}

runtime::Task<Result<std::int64_t>> HashClient::step_for(std::string stored_hash, const Clock& clock) {
  RefusalStep& step = pool_.refusal_step();
  if (step.covers(stored_hash)) co_return step.ms();
  LATCHKEY_CO_TRY(const std::int64_t took_ms, time(std::move(stored_hash), clock));
  co_return std::max(step.ms(), RefusalStep::step_for(took_ms));
}

runtime::Task<Result<void>> HashClient::measure(std::string stored_hash, const Clock& clock) {
  RefusalStep& step = pool_.refusal_step();
  if (step.covers(stored_hash)) co_return Result<void>();
  LATCHKEY_CO_TRY(const std::int64_t took_ms, time(stored_hash, clock));
  step.cover(stored_hash, took_ms);
  co_return Result<void>();
}

}  // namespace latchkey::credential
