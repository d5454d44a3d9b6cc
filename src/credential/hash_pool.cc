#include "latchkey/credential/hash_pool.h"

#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/hex.h"
#include "latchkey/base/named_thread.h"
#include "latchkey/base/scrub.h"
#include "latchkey/runtime/await.h"

namespace latchkey::credential {

namespace {

constexpr std::size_t kDummyPasswordBytes = 32;

}  // namespace

HashPool::HashPool(const HashSettings& settings, std::vector<runtime::PortId> workers,
                   const std::vector<runtime::PortId>& standbys, std::string dummy_hash, const Clock& clock)
    : settings_(settings),
      workers_(std::move(workers)),
      dummy_hash_(std::move(dummy_hash)),
      clock_(clock),
      progress_(workers_.size()),
      standbys_(standbys.size()) {
  for (std::size_t i = 0; i < standbys.size(); ++i) standbys_[i].port = standbys[i];
}

Result<std::unique_ptr<HashPool>> HashPool::create(const HashSettings& settings,
                                                   std::vector<runtime::PortId> workers,
                                                   const std::vector<runtime::PortId>& standbys,
                                                   Random& random, const Clock& clock) {
  LATCHKEY_ASSERT(!workers.empty());
  LATCHKEY_ASSERT(standbys.empty() || standbys.size() == standbys_for(workers.size()));
  if (sodium_init() < 0)
    return failure(ErrorCode::kUnavailable, "libsodium cannot start: no source of randomness");
  LATCHKEY_TRY(check_hash_settings(settings));
  const auto password = random.bytes<kDummyPasswordBytes>();
  const BootTime began = clock.boot();
  LATCHKEY_TRY(std::string dummy, make_hash(to_hex(password), settings));
  const std::int64_t took_ms = clock.boot().ms - began.ms;
  std::unique_ptr<HashPool> pool(
      new HashPool(settings, std::move(workers), standbys, std::move(dummy), clock));
  pool->refusal_step().cover(took_ms);
  return pool;
}

void HashPool::started(runtime::Port& port) noexcept {
  const auto worker = std::find(workers_.begin(), workers_.end(), port.id());
  if (worker == workers_.end()) return;
  set_own_policy(SCHED_IDLE);
  clockid_t clock = kNoClock;
  if (pthread_getcpuclockid(pthread_self(), &clock) == 0)
    progress_[static_cast<std::size_t>(worker - workers_.begin())].cpu_clock.store(clock);
}

std::chrono::nanoseconds HashPool::cpu_time_of(std::size_t worker) const noexcept {
  const clockid_t clock = progress_[worker].cpu_clock.load();
  timespec time{};
  if (clock == kNoClock || clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::optional<runtime::PortId> HashPool::engage_standby_of(std::size_t worker) noexcept {
  if (standbys_.empty()) return std::nullopt;
  Standby& standby = standbys_[worker / kWorkersOfAStandby];
  if (standby.engaged.exchange(true, std::memory_order_acq_rel)) return std::nullopt;
  return standby.port;
}

void HashPool::note_done(std::size_t worker, bool at_standby) noexcept {
  Progress& progress = progress_[worker];
  (at_standby ? progress.relief_ms : progress.done_ms).store(clock_.boot().ms, std::memory_order_relaxed);
  if (at_standby) standbys_[worker / kWorkersOfAStandby].engaged.store(false, std::memory_order_release);
}

/// One run of a job on another thread. Outlives the frame that waits for the job where another run of it was
/// done first; all it needs is its own or shared by the runs.
class HashClient::Attempt : public runtime::Message {
 public:
  Attempt(HashClient& client, Job& job, std::size_t worker, bool at_standby) noexcept
      : client_(client), job_(&job), worker_(worker), at_standby_(at_standby) {}
  virtual ~Attempt() = default;

  void work(runtime::Port& there) noexcept final;
  void done() noexcept final;

 protected:
  BootTime began() const noexcept { return began_; }

 private:
  friend class HashClient;
  /// On the worker's thread.
  virtual void hash() noexcept = 0;
  /// On the client's: gives the outcome to the job.
  virtual void hand_over(Job& job) noexcept = 0;

  HashClient& client_;
  Job* job_;  ///< null once another run has answered; of the client's thread
  const std::size_t worker_;
  const bool at_standby_;
  BootTime began_;
};

/// What the runs of a job share: `F() -> Result<T>`, which owns what it needs.
template <class F>
struct SharedFunction {
  explicit SharedFunction(F function) : run(std::move(function)) {}
  const F run;
  std::atomic<bool> is_answered{false};  ///< so that a run that has not begun need not
};

template <class F>
class HashClient::AttemptOf final : public Attempt {
 public:
  AttemptOf(HashClient& client, JobOf<F>& job, std::size_t worker, bool at_standby,
            std::shared_ptr<SharedFunction<F>> function)
      : Attempt(client, job, worker, at_standby), function_(std::move(function)) {}

 private:
  void hash() noexcept override {
    if (!function_->is_answered.load(std::memory_order_relaxed)) outcome_.emplace(function_->run());
  }
  void hand_over(Job& job) noexcept override;

  const std::shared_ptr<SharedFunction<F>> function_;
  std::optional<std::invoke_result_t<const F&>> outcome_;
};

template <class F>
class HashClient::JobOf final : public Job {
 public:
  using Outcome = std::invoke_result_t<const F&>;

  JobOf(HashClient& client, F function)
      : Job(client), function_(std::make_shared<SharedFunction<F>>(std::move(function))) {}
  Outcome await_resume() {
    if (!outcome_.has_value()) return failure(ErrorCode::kOverloaded, "too many logins wait for their hash");
    return std::move(*outcome_);
  }
  /// When the run that answered began; once it has.
  BootTime began() const noexcept { return began_; }

 private:
  friend class AttemptOf<F>;
  std::unique_ptr<Attempt> attempt(HashClient& client, std::size_t worker, bool at_standby) override {
    return std::make_unique<AttemptOf<F>>(client, *this, worker, at_standby, function_);
  }

  const std::shared_ptr<SharedFunction<F>> function_;
  std::optional<Outcome> outcome_;
  BootTime began_;
};

template <class F>
void HashClient::AttemptOf<F>::hand_over(Job& job) noexcept {
  LATCHKEY_ASSERT(outcome_.has_value());
  auto& waiting = static_cast<JobOf<F>&>(job);
  waiting.outcome_ = std::move(outcome_);
  waiting.began_ = began();
  function_->is_answered.store(true, std::memory_order_relaxed);
}

bool HashClient::Job::await_suspend(std::coroutine_handle<> waiter) noexcept {
  waiter_ = waiter;
  return client_.submit(*this);
}

void HashClient::Attempt::work(runtime::Port& there) noexcept {
  began_ = client_.pool_.clock().boot();
  hash();
  // None of the libraries that hash says what it leaves of a password on the stack.
  scrub_stack<kHashStackBytes>();
  client_.pool_.note_done(worker_, at_standby_);
  there.finish(*this);
}

void HashClient::Attempt::done() noexcept {
  HashClient& client = client_;
  const std::unique_ptr<Attempt> self = client.take_home(*this);
  client.start_next();
  if (job_ != nullptr) {
    Job& job = *job_;
    hand_over(job);
    client.metrics_.hashes.fetch_add(1, std::memory_order_relaxed);
    client.forget(job);
    job.waiter_.resume();
  }
  client.answer_refused(client.refused_count_);
}

HashClient::HashClient(runtime::Port& port, HashPool& pool, std::size_t max_waiting)
    : port_(port), pool_(pool), max_waiting_(max_waiting), places_(pool.workers().size()) {}

HashClient::~HashClient() { LATCHKEY_ASSERT(first_ == nullptr && refused_ == nullptr && in_hand() == 0); }

std::size_t HashClient::in_hand() const noexcept {
  std::size_t jobs = 0;
  for (const Place& place : places_) jobs += place.at_worker.size() + (place.at_standby == nullptr ? 0 : 1);
  return jobs;
}

bool HashClient::find_worker(std::size_t& worker) const noexcept {
  const auto least = std::min_element(
      places_.begin(), places_.end(),
      [](const Place& one, const Place& other) { return one.at_worker.size() < other.at_worker.size(); });
  worker = static_cast<std::size_t>(least - places_.begin());
  return least->at_worker.size() < kMaxAtWorker;
}

bool HashClient::submit(Job& job) noexcept {
  std::size_t worker = 0;
  if (first_ == nullptr && find_worker(worker)) {
    send(job, worker);
    return true;
  }
  if (waiting_ == max_waiting_) {
    metrics_.refused.fetch_add(1, std::memory_order_relaxed);
    if (!refuse_oldest()) return false;
  }
  job.before_ = last_;
  (first_ == nullptr ? first_ : last_->next_) = &job;
  last_ = &job;
  metrics_.waiting.store(++waiting_, std::memory_order_relaxed);
  return true;
}

/// Makes room for a newer one. False where as many as can wait have been refused and not told so.
bool HashClient::refuse_oldest() noexcept {
  if (first_ == nullptr || refused_count_ == max_waiting_) return false;
  if (!std::exchange(overflowed_, true)) taken_ = 0;
  Job& oldest = unlink(*first_);
  oldest.next_ = std::exchange(refused_, &oldest);
  ++refused_count_;
  return true;
}

/// Not from within `submit`: a coroutine that goes on may submit a job of its own, and refuse another.
void HashClient::answer_refused(std::size_t most) noexcept {
  for (most = std::min(most, refused_count_); most > 0; --most) {
    --refused_count_;
    Job* const job = refused_;
    refused_ = job->next_;
    job->waiter_.resume();
  }
}

HashClient::Job& HashClient::unlink(Job& job) noexcept {
  (job.before_ == nullptr ? first_ : job.before_->next_) = job.next_;
  (job.next_ == nullptr ? last_ : job.next_->before_) = job.before_;
  job.before_ = job.next_ = nullptr;
  metrics_.waiting.store(--waiting_, std::memory_order_relaxed);
  return job;
}

HashClient::Job& HashClient::take_next() noexcept {
  const bool newest = overflowed_ && ++taken_ % kOldestOnceIn != 0;
  Job& job = unlink(newest ? *last_ : *first_);
  if (waiting_ == 0) overflowed_ = false;
  return job;
}

void HashClient::start_next() noexcept {
  std::size_t worker = 0;
  if (first_ != nullptr && find_worker(worker)) send(take_next(), worker);
}

void HashClient::send(Job& job, std::size_t worker) noexcept {
  Place& place = places_[worker];
  if (place.at_worker.empty()) {
    place.starves = false;
    place.looked_ms = pool_.clock().boot().ms;
    place.cpu_time = pool_.cpu_time_of(worker);
    look_ms_ = std::min(look_ms_, place.looked_ms + pool_.refusal_step().ms());
  }
  place.at_worker.push_back(job.attempt(*this, worker, false));
  send(*place.at_worker.back(), pool_.workers()[worker]);
}

void HashClient::send(Attempt& attempt, runtime::PortId to) noexcept {
  // Never full: a way has room for more than kMaxAtWorker, and a standby is the caller's alone.
  const bool sent = port_.send(to, attempt);
  LATCHKEY_ASSERT(sent);
}

std::unique_ptr<HashClient::Attempt> HashClient::take_home(const Attempt& attempt) noexcept {
  Place& place = places_[attempt.worker_];
  if (attempt.at_standby_) return std::move(place.at_standby);
  LATCHKEY_ASSERT(place.at_worker.front().get() == &attempt);  // a worker runs them in their order
  std::unique_ptr<Attempt> home = std::move(place.at_worker.front());
  place.at_worker.erase(place.at_worker.begin());
  return home;
}

/// It is answered: other runs of it come home for nobody.
void HashClient::forget(const Job& job) noexcept {
  const auto forget_in = [&job](const std::unique_ptr<Attempt>& attempt) {
    if (attempt != nullptr && attempt->job_ == &job) attempt->job_ = nullptr;
  };
  for (const Place& place : places_) {
    std::for_each(place.at_worker.begin(), place.at_worker.end(), forget_in);
    forget_in(place.at_standby);
  }
}

/// Has the standby do the job that has waited longest at the worker, or one of the queue where a standby has
/// answered all of those.
void HashClient::relieve(std::size_t worker) noexcept {
  Place& place = places_[worker];
  if (place.at_standby != nullptr) return;
  const auto stuck = std::find_if(place.at_worker.begin(), place.at_worker.end(),
                                  [](const auto& attempt) { return attempt->job_ != nullptr; });
  const bool is_at_worker = stuck != place.at_worker.end();
  if (!is_at_worker && first_ == nullptr) return;
  const std::optional<runtime::PortId> standby = pool_.engage_standby_of(worker);
  if (!standby) return;
  Job& job = is_at_worker ? *(*stuck)->job_ : take_next();
  place.at_standby = job.attempt(*this, worker, true);
  metrics_.reliefs.fetch_add(1, std::memory_order_relaxed);
  send(*place.at_standby, *standby);
}

std::int64_t HashClient::pass(BootTime now) noexcept {
  answer_refused(kRefusalsAPass);
  relieve_where_needed(now);
  return refused_ == nullptr ? look_ms_ : now.ms;
}

// What a worker does, not the age of a job, tells that it starves: in a storm every job waits long, and to
// relieve the workers for that would let the storm have the cores.
void HashClient::look_at(std::size_t worker, BootTime now) noexcept {
  Place& place = places_[worker];
  if (now.ms - place.looked_ms < kPatienceSteps * pool_.refusal_step().ms()) return;
  const std::chrono::nanoseconds cpu_time = pool_.cpu_time_of(worker);
  const std::chrono::milliseconds passed(now.ms - place.looked_ms);
  place.starves =
      cpu_time - place.cpu_time < passed / kLeastShare && pool_.last_done_ms(worker) <= place.looked_ms;
  place.looked_ms = now.ms;
  place.cpu_time = cpu_time;
}

void HashClient::relieve_where_needed(BootTime now) noexcept {
  if (now.ms < look_ms_) return;
  look_ms_ = runtime::kNever;
  const std::int64_t step_ms = pool_.refusal_step().ms();
  for (std::size_t worker = 0; worker < places_.size(); ++worker) {
    const Place& place = places_[worker];
    if (place.at_worker.empty()) continue;
    look_at(worker, now);
    if (place.starves && now.ms - pool_.last_relief_ms(worker) >= kAgainSteps * step_ms) relieve(worker);
    look_ms_ = now.ms + step_ms;
  }
}

runtime::Task<Result<bool>> HashClient::verify(SecretText password, std::string stored_hash,
                                               BootTime* began) {
  auto compute = [password = std::move(password), stored_hash = std::move(stored_hash)] {
    return verify_password(password.view(), stored_hash);
  };
  JobOf<decltype(compute)> job(*this, std::move(compute));
  Result<bool> outcome = co_await job;
  if (began != nullptr && outcome) *began = job.began();
  co_return outcome;
}

runtime::Task<Result<std::string>> HashClient::make(SecretText password) {
  auto compute = [password = std::move(password), &settings = pool_.settings()] {
    return make_hash(password.view(), settings);
  };
  LATCHKEY_CO_RETURN(JobOf<decltype(compute)>(*this, std::move(compute)));
}

runtime::Task<Result<void>> HashClient::measure(std::string stored_hash, const Clock& clock) {
  RefusalStep& step = pool_.refusal_step();
  if (step.covers(stored_hash)) co_return Result<void>();
  auto compute = [stored_hash, &clock] { return RefusalStep::time_verification(stored_hash, clock); };
  LATCHKEY_CO_TRY(const std::int64_t took_ms, JobOf<decltype(compute)>(*this, std::move(compute)));
  step.cover(stored_hash, took_ms);
  co_return Result<void>();
}

}  // namespace latchkey::credential
