// Victim: the server of a crash test. It is killed at any moment, also during its start, and started again
// over the same data. Thread: one, which must outlive the object.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/server_process.h"

namespace latchkey::test {

class Victim {
 public:
  /// Starts nothing yet.
  Victim(const std::filesystem::path& data, const ServerOptions& options,
         std::vector<std::string> environment = {});

  /// Starts it without waiting.
  void spawn();
  /// Waits until it listens. Returns false if it ended before.
  bool comes_up();
  /// Starts it and waits until it listens. If it does not, throws std::runtime_error with what the server
  /// said.
  void start();

  std::uint16_t port() const noexcept { return port_; }
  std::string log() const { return child_->errors(); }
  std::optional<std::string> wait_for_log(std::string_view text) { return child_->wait_for_line(text); }

  void kill() { child_->signal(SIGKILL); }
  void terminate() { child_->signal(SIGTERM); }
  /// Waits for its end. Returns the exit status, or minus the signal.
  int wait() { return child_->wait(); }

 private:
  std::filesystem::path data_;
  ChildOptions command_;
  std::unique_ptr<ChildProcess> child_;
  std::uint16_t port_ = 0;
};

}  // namespace latchkey::test
