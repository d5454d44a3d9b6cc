// The real latchkeyd, started over a data directory on a free port, and the real latchkey command beside it.
// The programs are those that the environment names in LATCHKEYD and LATCHKEY. One thread, which outlives the
// server.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/child_process.h"

namespace latchkey::test {

struct ServerOptions {
  int cores = 1;
  std::vector<std::string> flags;  ///< further ones
  /// Argon2id at its least, so that a suite of logins takes seconds. Off: the server's defaults.
  bool cheap_hashes = true;
  /// Off: logins may fail any number of times, as a suite's do. On: the server's defaults.
  bool throttle = false;
  /// On: root's data stay root's. Off: they are given to kTestUser, whom the server then becomes.
  bool keep_owner = false;
  /// As ChildOptions has them.
  std::vector<std::string> environment = {};
  std::size_t descriptors = 0;
  ChildOptions::Start start = ChildOptions::Start::kAsAShell;
};

/// Whom a server of the tests becomes where root runs them. No such user need be there.
inline constexpr uid_t kTestUser = 64'000;

/// Where root runs the tests: gives `path`, and all that is in it, to kTestUser, as far as it is root's.
/// Nothing where somebody else runs them.
void give_to_test_user(const std::filesystem::path& path);

/// The command line of latchkeyd with these options: on a free port of 127.0.0.1 unless the flags name
/// another, and over data that it makes where they are missing.
ChildOptions server_command(const std::filesystem::path& data, const ServerOptions& options);

/// Runs `latchkey --data DIR WORDS...` to its end.
Finished run_latchkey(const std::filesystem::path& data, const std::vector<std::string>& words,
                      std::string input = {});

/// `latchkey user add --create`, whether a server runs or not. Throws std::runtime_error where it is refused.
void add_user(const std::filesystem::path& data, const std::string& name, const std::string& password);

class ServerProcess {
 public:
  /// Starts it and waits until it accepts. Throws std::runtime_error, with what it said, where it does not.
  explicit ServerProcess(std::filesystem::path data, ServerOptions options = {});

  const std::filesystem::path& data() const noexcept { return data_; }
  std::uint16_t port() const noexcept { return port_; }
  /// The port of the first listener that asks for the PROXY protocol.
  std::uint16_t proxy_port();
  bool is_running() const noexcept { return child_->is_running(); }
  pid_t pid() const noexcept { return child_->pid(); }

  /// What it has written to standard error since it was started last.
  std::string log() const { return child_->errors(); }
  /// From here on nobody reads its standard error; somebody does again; nobody can any more.
  void hold_log() { child_->hold_errors(); }
  void read_log() { child_->read_errors(); }
  void close_log() { child_->close_errors(); }
  /// Waits for a line with `text` in it.
  std::optional<std::string> wait_for_log(std::string_view text) { return child_->wait_for_line(text); }

  /// From here on the system refuses whatever it writes to files, as a full disk does; and no longer.
  void fill_disk() const;
  void free_disk() const;

  void signal(int number) const noexcept { child_->signal(number); }
  /// Asks it to end, without waiting.
  void terminate() { child_->signal(SIGTERM); }
  /// Waits for the end that `terminate` asked for: the exit status.
  int wait() { return child_->wait(); }
  int stop();
  void kill();

  /// Stops it, or finds it stopped, and starts it again over the same data; the port is another.
  void start_again();
  void start_again(ServerOptions options);

 private:
  void start();

  std::filesystem::path data_;
  ServerOptions options_;
  std::unique_ptr<ChildProcess> child_;
  std::uint16_t port_ = 0;
};

}  // namespace latchkey::test
