// Crew: one thread of the load: its ring, its loop, its connections, its part of the rate and its tally. Made
// and destroyed on the main thread, which reads the tally once the thread has ended.
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

  std::atomic<std::size_t> ready{0};            ///< crews whose clients have all connected, or failed to
  std::atomic<std::int64_t> begin_ns{kNotYet};  ///< when the load begins, with the warm-up
  std::atomic<bool> stop{false};                ///< the user has had enough
  std::atomic<std::size_t> ended{0};            ///< crews whose thread is done
};

class Crew final : private runtime::LoopHook {
 public:
  /// `plan` and `signals` outlive it. `number`: of the plan's threads. Errors are the ring's and the
  /// buffers'.
  static Result<std::unique_ptr<Crew>> create(const Plan& plan, std::size_t number, Signals& signals);
  ~Crew() override;

  void start();
  /// Waits for the thread's end. The error is that its ring could not be enabled.
  Result<void> join();

  Tally& tally() noexcept { return tally_; }

  // For the clients, on the crew's thread.
  const Plan& plan() const noexcept { return plan_; }
  runtime::Loop& loop() noexcept { return loop_; }
  runtime::BufferRing& buffers() noexcept { return *buffers_; }
  /// Whether requests leave when they are due, and not as soon as they may.
  bool is_paced() const noexcept { return plan_.is_open_loop() || is_slow(); }
  bool is_slow() const noexcept { return plan_.scenario == Scenario::kSlow; }
  bool is_draining() const noexcept { return phase_ == Phase::kDraining; }
  /// Whether the closed loop goes on.
  bool is_sending(std::int64_t now_ns) const noexcept {
    return phase_ == Phase::kRunning && now_ns < window_.end_ns;
  }
  bool connects_again() const noexcept { return !is_draining() && plan_.scenario != Scenario::kIdle; }
  std::optional<std::int64_t> take_due(std::int64_t now_ns) noexcept { return schedule_.take(now_ns); }
  /// The client gets what becomes due when its turn has come; once the load begins in any case.
  void line_up(Client& client) noexcept;
  /// An answer that takes longer is none.
  BootTime deadline() const noexcept;
  /// A client's first connecting has come to an end.
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
  std::size_t opened_ = 0;   ///< clients that were started
  std::size_t settled_ = 0;  ///< of them, those whose first connecting has ended
  Phase phase_ = Phase::kConnecting;
  bool told_ready_ = false;
  bool has_given_up_ = false;
  std::int64_t give_up_ns_ = 0;
  std::optional<std::int64_t> cpu_at_begin_ns_;

  Result<void> enabled_;
  std::thread thread_;
};

}  // namespace latchkey::load
