#include "latchkey/credential/hash_pool.h"

#include <fmt/format.h>
#include <sched.h>
#include <sodium.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/hex.h"

namespace latchkey::credential {

namespace {

constexpr std::size_t kDummyPasswordBytes = 32;
constexpr int kLowestNice = 19;

}  // namespace

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
  std::unique_ptr<HashPool> pool(new HashPool(settings, std::move(workers), std::move(*dummy)));
  pool->refusal_step().cover(took_ms);
  return pool;
}

void HashPool::started(runtime::Port&) noexcept {
  // What a sandbox refuses here costs fairness under a storm of logins and nothing else, so both go
  // unchecked. SCHED_BATCH: a woken worker does not preempt a core. On Linux a thread's nice value is its
  // own.
  const sched_param parameters{};
  static_cast<void>(sched_setscheduler(0, SCHED_BATCH, &parameters));
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kLowestNice));
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
  client_.metrics_.hashes.fetch_add(1, std::memory_order_relaxed);
  there.finish(*this);
}

void HashClient::Job::done() noexcept {
  --client_.at_worker_[worker_];
  client_.start_next();
  waiter_.resume();
}

HashClient::HashClient(runtime::Port& port, HashPool& pool, std::size_t max_waiting)
    : port_(port), pool_(pool), max_waiting_(max_waiting), at_worker_(pool.workers().size(), 0) {}

HashClient::~HashClient() {
  LATCHKEY_ASSERT(first_ == nullptr);
  LATCHKEY_ASSERT(
      std::all_of(at_worker_.begin(), at_worker_.end(), [](std::size_t jobs) { return jobs == 0; }));
}

bool HashClient::find_worker(std::size_t& worker) const noexcept {
  const auto least = std::min_element(at_worker_.begin(), at_worker_.end());
  worker = static_cast<std::size_t>(least - at_worker_.begin());
  return *least < kMaxAtWorker;
}

bool HashClient::submit(Job& job) noexcept {
  std::size_t worker = 0;
  if (first_ == nullptr && find_worker(worker)) {
    send(job, worker);
    return true;
  }
  if (waiting_ == max_waiting_) {
    metrics_.refused.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  (first_ == nullptr ? first_ : last_->next_) = &job;
  last_ = &job;
  metrics_.waiting.store(++waiting_, std::memory_order_relaxed);
  return true;
}

void HashClient::start_next() noexcept {
  std::size_t worker = 0;
  if (first_ == nullptr || !find_worker(worker)) return;
  Job& job = *std::exchange(first_, first_->next_);
  metrics_.waiting.store(--waiting_, std::memory_order_relaxed);
  send(job, worker);
}

void HashClient::send(Job& job, std::size_t worker) noexcept {
  job.worker_ = worker;
  ++at_worker_[worker];
  // Never full: a way has room for more than kMaxAtWorker.
  const bool sent = port_.send(pool_.workers()[worker], job);
  LATCHKEY_ASSERT(sent);
}

runtime::Task<Result<bool>> HashClient::verify(SecretText password, std::string stored_hash) {
  auto compute = [&password, &stored_hash] { return verify_password(password.view(), stored_hash); };
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
