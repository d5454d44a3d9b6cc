// Crew: one thread of the load, with its ring, loop and connections, its share of the rate and its tally.
// Thread: the main thread creates and destroys it, and reads the tally once the crew's thread has ended.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/buffer_ring.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/mailbox.h"
#include "load/alarm.h"
#include "load/bounded_queue.h"
#include "load/client.h"
#include "load/plan.h"
#include "load/schedule.h"
#include "load/tally.h"

namespace latchkey::load {

/// What the main thread and the crews tell each other.
struct Signals {
  static constexpr std::int64_t kNotYet = 0;

  std::atomic<std::size_t> ready{0};            ///< crews whose clients have all connected or failed
  std::atomic<std::int64_t> begin_ns{kNotYet};  ///< when the load begins, warm-up included
  std::atomic<bool> stop{false};                ///< the user ends the run
  std::atomic<std::size_t> ended{0};            ///< crews whose thread is done
};

class Crew final : private runtime::LoopHook {
 public:
  /// `number` is the crew's among the plan's threads.
  /// Lifetime: `plan` and `signals` must outlive it.
  /// Errors: those of the ring and of the buffers.
  static Result<std::unique_ptr<Crew>> create(const Plan& plan, std::size_t number, Signals& signals);
  ~Crew() override;

  void start();
  /// Waits for the thread's end.
  /// Errors: its ring could not be enabled.
  Result<void> join();

  Tally& tally() noexcept { return tally_; }

  // For the clients.
  // Thread: the crew's.
  const Plan& plan() const noexcept { return plan_; }
  runtime::Loop& loop() noexcept { return loop_; }
  runtime::BufferRing& buffers() noexcept { return *buffers_; }
  /// Whether requests leave when they are due, rather than as soon as possible.
  bool is_paced() const noexcept { return plan_.is_open_loop() || is_slow(); }
  bool is_slow() const noexcept { return plan_.scenario == Scenario::kSlow; }
  bool is_draining() const noexcept { return phase_ == Phase::kDraining; }
  /// Whether the closed loop goes on sending.
  bool is_sending(std::int64_t now_ns) const noexcept {
    return phase_ == Phase::kRunning && now_ns < window_.end_ns;
  }
  bool connects_again() const noexcept { return !is_draining() && plan_.scenario != Scenario::kIdle; }
  std::optional<std::int64_t> take_due(std::int64_t now_ns) noexcept { return schedule_.take(now_ns); }
  /// Puts the client in line for what becomes due, and in any case for the beginning of the load.
  void line_up(Client& client) noexcept;
  /// When a request sent now times out.
  BootTime deadline() const noexcept;
  /// A client's first attempt to connect has ended.
  void settled() noexcept { ++settled_; }

 private:
  enum class Phase : std::uint8_t { kConnecting, kRunning, kDraining };

  Crew(const Plan& plan, std::size_t number, Signals& signals, std::unique_ptr<runtime::Ring> ring,
       std::unique_ptr<runtime::BufferRing> buffers);

  std::int64_t pass(BootTime now) noexcept override;
  void run() noexcept;
  void open_more();
  void begin(std::int64_t begin_ns, std::int64_t now_ns);
  void hand_out(std::int64_t now_ns);
  void note_cpu(std::int64_t now_ns) noexcept;
  void drain(std::int64_t now_ns);
  void give_up();
  void count_unsent() noexcept;

  const Plan& plan_;
  const std::size_t number_;
  Signals& signals_;
  const SystemClock clock_;
  Tally tally_;
  Window window_;
  Schedule schedule_;

  runtime::Mailbox mailbox_;
  runtime::RingTable rings_;
  Alarm alarm_;
  std::unique_ptr<runtime::BufferRing> buffers_;
  runtime::Loop loop_;

  std::vector<std::unique_ptr<Client>> clients_;
  BoundedQueue<Client*> line_;
  std::size_t opened_ = 0;   ///< clients that have been started
  std::size_t settled_ = 0;  ///< those of them whose first attempt to connect has ended
  Phase phase_ = Phase::kConnecting;
  bool told_ready_ = false;
  bool has_given_up_ = false;
  std::int64_t give_up_ns_ = 0;
  std::optional<std::int64_t> cpu_at_begin_ns_;

  Result<void> enabled_;
  std::thread thread_;
};

}  // namespace latchkey::load
