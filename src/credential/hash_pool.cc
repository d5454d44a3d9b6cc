#include "latchkey/credential/hash_pool.h"

#include <fmt/format.h>
#include <sched.h>
#include <sodium.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/hex.h"

namespace latchkey::credential {

namespace {

constexpr std::size_t kDummyPasswordBytes = 32;
// Where a worker cannot be lifted: of 1024, the weight of a core, this leaves it 70, so that logins get
// through where checks fill every core.
constexpr int kUnliftedNice = 12;  // above the process's own
constexpr int kNicest = 19;

/// What a thread that the kernel refuses this costs is fairness under a storm of logins and nothing else.
bool set_class(pid_t thread, int policy) noexcept {
  const sched_param parameters{};
  return sched_setscheduler(thread, policy, &parameters) == 0;
}

}  // namespace

// sched(7): a thread may leave SCHED_IDLE so long as RLIMIT_NICE permits its nice value. To ask is to try, on
// a thread that nobody needs if it cannot come back.
bool HashPool::test_lifting() noexcept {
  bool may = false;
  std::thread([&may] { may = set_class(0, SCHED_IDLE) && set_class(0, SCHED_BATCH); }).join();
  return may;
}

Result<std::unique_ptr<HashPool>> HashPool::create(const HashSettings& settings,
                                                   std::vector<runtime::PortId> workers, Random& random,
                                                   const Clock& clock) {
  LATCHKEY_ASSERT(!workers.empty());
  if (sodium_init() < 0)
    return failure(ErrorCode::kUnavailable, "libsodium cannot start: no source of randomness");
  if (Result<void> good = check_hash_settings(settings); !good)
    return tl::unexpected(std::move(good.error()));
  const auto password = random.bytes<kDummyPasswordBytes>();
  const BootTime began = clock.boot();
  Result<std::string> dummy = make_hash(to_hex(password), settings);
  if (!dummy) return tl::unexpected(std::move(dummy.error()));
  const std::int64_t took_ms = clock.boot().ms - began.ms;
  std::unique_ptr<HashPool> pool(new HashPool(settings, std::move(workers), std::move(*dummy), clock));
  pool->refusal_step().cover(took_ms);
  return pool;
}

void HashPool::started(runtime::Port& port) noexcept {
  const auto found = std::find(workers_.begin(), workers_.end(), port.id());
  LATCHKEY_ASSERT(found != workers_.end());
  if (may_lift_) {
    set_class(0, SCHED_IDLE);
  } else {
    // SCHED_BATCH: a woken worker does not preempt a core. On Linux a thread's nice value is its own.
    set_class(0, SCHED_BATCH);
    const int nice = std::min(getpriority(PRIO_PROCESS, 0) + kUnliftedNice, kNicest);
    static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice));
  }
  progress_[static_cast<std::size_t>(found - workers_.begin())].thread.store(gettid(),
                                                                             std::memory_order_release);
}

void HashPool::lift(std::size_t worker) noexcept {
  Progress& progress = progress_[worker];
  const pid_t thread = progress.thread.load(std::memory_order_acquire);
  if (!may_lift_ || thread == 0) return;
  set_class(thread, SCHED_BATCH);
  // After the class: a worker that ends its job between the two stays lifted for one job more. The other way
  // round it could be lifted with nobody to lower it.
  progress.lifted.store(true, std::memory_order_release);
}

void HashPool::note_done(std::size_t worker) noexcept {
  Progress& progress = progress_[worker];
  progress.done_ms.store(clock_.boot().ms, std::memory_order_relaxed);
  if (progress.lifted.exchange(false, std::memory_order_acquire)) set_class(0, SCHED_IDLE);
}

/// A job that keeps what `F() -> Result<T>` gave.
template <class F>
class HashClient::JobOf final : public Job {
 public:
  using Outcome = std::invoke_result_t<F&>;

  JobOf(HashClient& client, F function) : Job(client), function_(std::move(function)) {}
  void hash() noexcept override { outcome_.emplace(function_()); }
  Outcome await_resume() {
    if (!outcome_.has_value()) return failure(ErrorCode::kOverloaded, "too many logins wait for their hash");
    return std::move(*outcome_);
  }

 private:
  F function_;
  std::optional<Outcome> outcome_;
};

bool HashClient::Job::await_suspend(std::coroutine_handle<> waiter) noexcept {
  waiter_ = waiter;
  return client_.submit(*this);
}

void HashClient::Job::work(runtime::Port& there) noexcept {
  hash();
  client_.pool_.note_done(worker_);
  client_.metrics_.hashes.fetch_add(1, std::memory_order_relaxed);
  there.finish(*this);
}

void HashClient::Job::done() noexcept {
  HashClient& client = client_;
  --client.at_worker_[worker_];
  client.start_next();
  waiter_.resume();  // and this is gone
  client.answer_refused();
}

HashClient::HashClient(runtime::Port& port, HashPool& pool, std::size_t max_waiting)
    : port_(port),
      pool_(pool),
      max_waiting_(max_waiting),
      at_worker_(pool.workers().size(), 0),
      busy_since_(pool.workers().size(), 0) {}

HashClient::~HashClient() {
  LATCHKEY_ASSERT(first_ == nullptr && refused_ == nullptr);
  LATCHKEY_ASSERT(
      std::all_of(at_worker_.begin(), at_worker_.end(), [](std::size_t jobs) { return jobs == 0; }));
}

bool HashClient::find_worker(std::size_t& worker) const noexcept {
  const auto least = std::min_element(at_worker_.begin(), at_worker_.end());
  worker = static_cast<std::size_t>(least - at_worker_.begin());
  return *least < kMaxAtWorker;
}

bool HashClient::submit(Job& job) noexcept {
  job.submitted_ms_ = pool_.clock().boot().ms;
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

/// Not from within `submit`: a coroutine that goes on may submit a job of its own. While jobs wait one is at
/// a worker, and comes home.
void HashClient::answer_refused() noexcept {
  Job* job = std::exchange(refused_, nullptr);
  refused_count_ = 0;
  while (job != nullptr) std::exchange(job, job->next_)->waiter_.resume();
}

HashClient::Job& HashClient::unlink(Job& job) noexcept {
  (job.before_ == nullptr ? first_ : job.before_->next_) = job.next_;
  (job.next_ == nullptr ? last_ : job.next_->before_) = job.before_;
  job.before_ = job.next_ = nullptr;
  metrics_.waiting.store(--waiting_, std::memory_order_relaxed);
  return job;
}

void HashClient::start_next() noexcept {
  std::size_t worker = 0;
  if (first_ == nullptr || !find_worker(worker)) return;
  const bool newest = overflowed_ && ++taken_ % kOldestOnceIn != 0;
  Job& job = unlink(newest ? *last_ : *first_);
  if (waiting_ == 0) overflowed_ = false;
  send(job, worker);
}

void HashClient::send(Job& job, std::size_t worker) noexcept {
  job.worker_ = worker;
  if (at_worker_[worker]++ == 0 && pool_.may_lift()) {
    busy_since_[worker] = pool_.clock().boot().ms;
    look_ms_ = std::min(look_ms_, busy_since_[worker] + kShortPatienceSteps * pool_.refusal_step().ms());
  }
  // Never full: a way has room for more than kMaxAtWorker.
  const bool sent = port_.send(pool_.workers()[worker], job);
  LATCHKEY_ASSERT(sent);
}

// A worker's own progress, not the age of a job, tells that it starves: in a storm every job waits long, and
// lifting the workers for that would let the storm have the cores.
std::int64_t HashClient::pass(BootTime now) noexcept {
  if (now.ms < look_ms_) return look_ms_;
  look_ms_ = runtime::kNever;
  const bool long_wait = first_ != nullptr && now.ms - first_->submitted_ms_ >= kLongWaitMs;
  const std::int64_t step_ms = pool_.refusal_step().ms();
  const std::int64_t patience_ms = (long_wait ? kShortPatienceSteps : kPatienceSteps) * step_ms;
  for (std::size_t worker = 0; worker < at_worker_.size(); ++worker) {
    if (at_worker_[worker] == 0) continue;
    if (now.ms - std::max(busy_since_[worker], pool_.last_done_ms(worker)) >= patience_ms) {
      pool_.lift(worker);
      metrics_.lifts.fetch_add(1, std::memory_order_relaxed);
    }
    look_ms_ = now.ms + step_ms;
  }
  return look_ms_;
}

runtime::Task<Result<bool>> HashClient::verify(SecretText password, std::string stored_hash,
                                               BootTime* began) {
  auto compute = [&password, &stored_hash, began, this] {
    if (began != nullptr) *began = pool_.clock().boot();
    return verify_password(password.view(), stored_hash);
  };
  JobOf<decltype(compute)> job(*this, std::move(compute));
  co_return co_await job;
}

runtime::Task<Result<std::string>> HashClient::make(SecretText password) {
  auto compute = [&password, this] { return make_hash(password.view(), pool_.settings()); };
  JobOf<decltype(compute)> job(*this, std::move(compute));
  co_return co_await job;
}

runtime::Task<Result<void>> HashClient::measure(std::string stored_hash, const Clock& clock) {
  auto compute = [&stored_hash, &clock, this] { return pool_.refusal_step().measure(stored_hash, clock); };
  JobOf<decltype(compute)> job(*this, std::move(compute));
  co_return co_await job;
}

}  // namespace latchkey::credential
