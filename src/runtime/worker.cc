#include "latchkey/runtime/worker.h"

#include <array>

#include "latchkey/base/assert.h"
#include "latchkey/base/named_thread.h"

namespace latchkey::runtime {

namespace {

constexpr std::array<std::uint8_t, 1> kWorkerOperations = {IORING_OP_MSG_RING};
constexpr unsigned kWorkerSubmissionEntries = 64;
constexpr unsigned kWorkerCompletionEntries = 256;

}  // namespace

// Sent by the thread that stops the worker. It awaits no reply: the thread's end is the reply.
class Worker::Stop final : public Message {
 public:
  explicit Stop(Worker& worker) noexcept : worker_(worker) {}
  void work(Port&) noexcept override { worker_.stopping_ = true; }
  void done() noexcept override {}

 private:
  Worker& worker_;
};

Result<std::unique_ptr<Worker>> Worker::create(Port& port, std::string name, WorkerHooks& hooks) {
  RingSettings settings;
  settings.submission_entries = kWorkerSubmissionEntries;
  settings.completion_entries = kWorkerCompletionEntries;
  settings.operations = kWorkerOperations;
  LATCHKEY_TRY(std::unique_ptr<Ring> ring, Ring::create(settings));
  return std::unique_ptr<Worker>(new Worker(port, std::move(name), hooks, std::move(ring)));
}

Worker::~Worker() { LATCHKEY_ASSERT(!thread_.joinable()); }

Result<void> Worker::start(const RingTable& rings) {
  thread_ = background_thread(name_, [this, &rings] { run(rings); });
  ready_.wait(false, std::memory_order_acquire);
  if (!enabled_) thread_.join();
  return enabled_;
}

void Worker::stop(Port& from) {
  if (!thread_.joinable()) return;
  Stop stop(*this);
  const bool sent = from.send(port_.id(), stop);
  LATCHKEY_ASSERT(sent);
  thread_.join();
}

void Worker::run(const RingTable& rings) noexcept {
  RingDoorbell doorbell(*ring_, port_, rings, true);
  enabled_ = ring_->enable();
  ready_.store(true, std::memory_order_release);
  ready_.notify_one();
  if (!enabled_) return;
  hooks_.started(port_);
  while (!stopping_ || port_.nursery().running() > 0) {
    ring_->wait(port_.owes_wakes() ? Port::kWakeAgainMs : -1);
    port_.wake_again();
    if (!ring_->run_completions()) continue;
    port_.drain();
    hooks_.after_batch(port_);
  }
}

}  // namespace latchkey::runtime
