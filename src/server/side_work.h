// SideWork: work that would hold up the main thread's loop, done on a thread of its own while the loop goes
// on.
// Thread: the main thread owns it and calls everything that is public.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "latchkey/base/named_thread.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/loop.h"

namespace latchkey::server {

class SideWork final : private runtime::Operation {
 public:
  /// Opens the descriptor by which the other thread says that it is done.
  /// Errors: the kernel's.
  static Result<SideWork> open();
  SideWork(SideWork&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SideWork& operator=(SideWork&&) = delete;
  ~SideWork();

  /// Runs `work(got_on)` on a thread of this name, which has ended when this returns what `work` returned.
  /// Drives `loop` meanwhile. When `work` calls `got_on()`, `on_step()` runs on this thread, once a second at
  /// most.
  /// Requires: the loop has been started and is not running.
  template <class Work>
  auto run(runtime::Loop& loop, std::string name, std::function<void()> on_step, Work work) {
    const std::function<void()> got_on = [this] { say_got_on(); };
    std::optional<decltype(work(got_on))> outcome;
    on_step_ = std::move(on_step);
    std::thread thread = named_thread(std::move(name), [this, &work, &got_on, &outcome] {
      outcome.emplace(work(got_on));
      say(kDone);
    });
    wait(loop);
    thread.join();
    return std::move(*outcome);
  }

 private:
  explicit SideWork(int fd) noexcept : fd_(fd) {}
  void say(std::uint64_t what) const noexcept;
  void say_got_on() noexcept;
  void wait(runtime::Loop& loop) noexcept;
  void read() noexcept;
  void complete(std::int32_t result, std::uint32_t flags) noexcept override;

  /// The eventfd adds up what was said. No work gets on this often.
  static constexpr std::uint64_t kGotOn = 1;
  static constexpr std::uint64_t kDone = std::uint64_t{1} << 32;
  static constexpr std::chrono::seconds kBetweenSteps{1};

  int fd_;
  std::function<void()> on_step_;
  std::chrono::steady_clock::time_point next_step_{};  ///< the other thread's
  runtime::Loop* loop_ = nullptr;                      ///< while it waits
  std::uint64_t counted_ = 0;
  bool is_done_ = false;
};

}  // namespace latchkey::server
