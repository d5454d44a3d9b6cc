// The real latchkeyd, started over a data directory on a free port, and the real latchkey command. The
// environment names the programs in LATCHKEYD and LATCHKEY.
// Thread: one, which outlives the server.
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
  /// Additional ones. In them, `DIRECTORY` is that of the data's parent, for sockets.
  std::vector<std::string> flags;
  /// Argon2id with its least costs, so that a suite of logins takes seconds. Off: the server's defaults.
  /// The text of its settings file, which stands beside the data. Empty: it has none.
  std::string config = {};
  bool cheap_hashes = true;
  /// Off: logins may fail any number of times, as a suite's do. On: the server's defaults.
  bool throttle = false;
  /// On: root's data stay root's. Off: they are given to kTestUser, and the server runs as that user.
  bool keep_owner = false;
  /// As in ChildOptions.
  std::vector<std::string> environment = {};
  std::size_t descriptors = 0;
  ChildOptions::Start start = ChildOptions::Start::kAsAShell;
};

/// The user that a test's server runs as if root runs the tests. No such user need exist.
inline constexpr uid_t kTestUser = 64'000;

/// If root runs the tests: gives `path` and everything in it that is root's to kTestUser. Otherwise does
/// nothing.
void give_to_test_user(const std::filesystem::path& path);

/// The command line of latchkeyd with these options. It listens on a free port of 127.0.0.1 unless the flags
/// name another, and creates missing data.
ChildOptions server_command(const std::filesystem::path& data, const ServerOptions& options);

/// Runs `latchkey --data DIR WORDS...` to its end.
Finished run_latchkey(const std::filesystem::path& data, const std::vector<std::string>& words,
                      std::string input = {});

/// Runs `latchkey user add --create`, with or without a running server. Throws std::runtime_error if it is
/// refused.
void add_user(const std::filesystem::path& data, const std::string& name, const std::string& password);

class ServerProcess {
 public:
  /// Starts the server and waits until it accepts. Throws std::runtime_error, with its output, if it does
  /// not.
  explicit ServerProcess(std::filesystem::path data, ServerOptions options = {});

  const std::filesystem::path& data() const noexcept { return data_; }
  std::uint16_t port() const noexcept { return port_; }
  /// The port of the first listener with the PROXY protocol.
  std::uint16_t proxy_port();
  /// The port of the first listener on which everything is a question of this family, as settings name it.
  std::uint16_t verify_port(const std::string& family);
  /// The Unix socket of this name in `DIRECTORY`.
  std::string socket(const std::string& name) const { return (data_.parent_path() / name).string(); }
  bool is_running() const noexcept { return child_->is_running(); }
  pid_t pid() const noexcept { return child_->pid(); }

  /// What it has written to standard error since its last start.
  std::string log() const { return child_->errors(); }
  /// Stops reading its standard error, reads it again, or makes it unreadable.
  void hold_log() { child_->hold_errors(); }
  void read_log() { child_->read_errors(); }
  void close_log() { child_->close_errors(); }
  /// Waits for a line that contains `text`.
  std::optional<std::string> wait_for_log(std::string_view text) { return child_->wait_for_line(text); }

  /// Makes the system refuse all its writes to files, as a full disk does, and ends that.
  void fill_disk() const;
  void free_disk() const;

  void signal(int number) const noexcept { child_->signal(number); }
  /// Asks it to end, without waiting.
  void terminate() { child_->signal(SIGTERM); }
  /// The port of the first listener that is announced with this mark.
  std::uint16_t port_of_listener(const std::string& mark);

  /// Waits for the end that `terminate` asked for. Returns the exit status.
  int wait() { return child_->wait(); }
  int stop();
  void kill();

  /// Stops it if it runs and starts it again over the same data, on another port.
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
