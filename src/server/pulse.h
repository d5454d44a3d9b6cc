// Pulse: finds out whether every core's loop still turns. It sends each core a message through the mailbox
// and notes when it came home, and with it what the core has at that moment. An idle core sleeps, so asking
// is the only way to know. It feeds the service manager's watchdog, but only with the answers of all cores:
// neither the store nor the hash workers nor the log have a part in it, because a restart would mend none of
// them. Thread: the main thread's.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/runtime/loop.h"
#include "server/core.h"
#include "server/service_manager.h"

namespace latchkey::server {

class Pulse final : private runtime::Watched {
 public:
  /// A core that owes an answer for this long does not turn any more.
  static constexpr std::chrono::milliseconds kPatience{5000};
  /// How long one who asks waits for the answers of all.
  static constexpr std::chrono::milliseconds kWait{1000};

  struct Beat {
    bool is_owed = false;  ///< asked, and not answered yet
    BootTime asked{};
    BootTime answered{};  ///< the time of `levels`; zero before the first answer
    CoreLevels levels{};
  };

  /// `watchdog` is as in watchdog_of; 0: there is none.
  /// Lifetime: both references outlive the object.
  Pulse(runtime::Loop& loop, ServiceManager& manager, std::chrono::milliseconds watchdog);
  ~Pulse();
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  /// Requires: the cores run. Lifetime: they outlive the object.
  void start(const std::vector<std::unique_ptr<Core>>& cores);
  /// Asks no more, and lets everybody who waits go on.
  void stop() noexcept;

  /// `co_await pulse.beat()` asks the cores, and goes on when all have answered or kWait has passed. Goes on
  /// at once before `start` and after `stop`.
  auto beat() noexcept {
    struct Awaiter {
      Pulse& pulse;
      bool await_ready() const noexcept { return !pulse.ask(); }
      void await_suspend(std::coroutine_handle<> waiter) const { pulse.wait(waiter); }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

  std::size_t cores() const noexcept { return questions_.size(); }
  const Beat& of_core(std::size_t number) const noexcept;
  /// Whether the core has owed its answer for kPatience.
  bool is_stuck(std::size_t number) const noexcept;

 private:
  class Question;
  struct Waiting {
    std::coroutine_handle<> handle;
    BootTime until;
  };

  bool ask() noexcept;
  bool is_owed_any() const noexcept;
  void wait(std::coroutine_handle<> waiter);
  void came_home() noexcept;
  void release_all() noexcept;
  void begin_round() noexcept;
  void watch_from(std::int64_t when_ms);
  std::int64_t look(BootTime now) noexcept override;

  runtime::Loop& loop_;
  ServiceManager& manager_;
  const std::chrono::milliseconds round_;             ///< half of what the watchdog allows; 0: none
  std::vector<std::unique_ptr<Question>> questions_;  ///< by the core's number
  std::vector<Waiting> waiting_;
  BootTime round_began_{};
  bool owes_watchdog_ = false;  ///< this round has not fed it
  bool is_on_ = false;
  bool is_watched_ = false;
};

}  // namespace latchkey::server
