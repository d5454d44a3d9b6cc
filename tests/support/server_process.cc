#include "support/server_process.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace latchkey::test {

namespace {

constexpr std::string_view kListening = "latchkeyd: listening on http://";

std::string program(const char* variable) {
  const char* const path = std::getenv(variable);
  if (path == nullptr) {
    throw std::runtime_error(std::string(variable) + " is not set: run the tests by 'meson test'");
  }
  return path;
}

std::uint16_t port_of(std::string_view line) {
  const std::string_view digits = line.substr(line.rfind(':') + 1);
  std::uint16_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (port == 0) throw std::runtime_error("no port at the end of the line: " + std::string(line));
  return port;
}

std::string with_directory(std::string flag, const std::string& directory) {
  constexpr std::string_view kMark = "DIRECTORY";
  for (std::size_t at = flag.find(kMark); at != std::string::npos;
       at = flag.find(kMark, at + directory.size())) {
    flag.replace(at, kMark.size(), directory);
  }
  return flag;
}

/// Gives away the data and the test's own directory above, which the user must pass through.
void give_data(const std::filesystem::path& data) {
  const std::filesystem::path above = data.parent_path();
  if (::geteuid() == 0 && above != std::filesystem::temp_directory_path()) {
    struct stat status {};
    if (::stat(above.c_str(), &status) == 0 && status.st_uid == 0 &&
        ::chown(above.c_str(), kTestUser, kTestUser) != 0) {
      throw std::runtime_error("chown " + above.string());
    }
  }
  give_to_test_user(data);
}

/// Limits how long the process's files may become. The process's own user may do that. Root may only with
/// CAP_SYS_RESOURCE, which a container withholds, so a child becomes that user. The child makes only system
/// calls, as this program has threads.
void limit_files(pid_t process, const rlimit& limit) {
  const uid_t user = ::geteuid() == 0 ? kTestUser : ::geteuid();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork was refused");
  if (child == 0) {
    const bool is_user = ::geteuid() != 0 || (::syscall(SYS_setresgid, user, user, user) == 0 &&
                                              ::syscall(SYS_setresuid, user, user, user) == 0);
    ::_exit(is_user && ::prlimit(process, RLIMIT_FSIZE, &limit, nullptr) == 0 ? 0 : 1);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) throw std::runtime_error("prlimit was refused");
}

}  // namespace

void give_to_test_user(const std::filesystem::path& path) {
  const auto give = [](const std::filesystem::path& name) {
    struct stat status {};
    if (::lstat(name.c_str(), &status) != 0 || status.st_uid != 0) return;
    if (::lchown(name.c_str(), kTestUser, kTestUser) != 0) throw std::runtime_error("chown " + name.string());
  };
  if (::geteuid() != 0 || !std::filesystem::exists(path)) return;
  give(path);
  if (!std::filesystem::is_directory(path)) return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) give(entry.path());
}

ChildOptions server_command(const std::filesystem::path& data, const ServerOptions& options) {
  if (!options.keep_owner) give_data(data);
  ChildOptions command;
  command.environment = options.environment;
  command.descriptors = options.descriptors;
  command.start = options.start;
  command.arguments = {program("LATCHKEYD"), "--data",  data.string(),
                       "--create",           "--cores", std::to_string(options.cores)};
  const auto names_address = [](const std::string& flag) { return flag.starts_with("--listen"); };
  if (std::none_of(options.flags.begin(), options.flags.end(), names_address)) {
    command.arguments.insert(command.arguments.end(), {"--listen", "127.0.0.1:0"});
  }
  if (options.cheap_hashes) {
    command.arguments.insert(command.arguments.end(), {"--hash-memory", "1MiB", "--hash-passes", "1"});
  }
  if (!options.throttle) {
    command.arguments.insert(command.arguments.end(),
                             {"--login-failures-by-address", "0", "--login-failures-by-user", "0"});
  }
  if (!options.config.empty()) {
    const std::string file = (data.parent_path() / "latchkeyd.toml").string();
    std::ofstream(file) << options.config;
    command.arguments.insert(command.arguments.end(), {"--config", file});
  }
  for (const std::string& flag : options.flags) {
    command.arguments.push_back(with_directory(flag, data.parent_path().string()));
  }
  return command;
}

Finished run_latchkey(const std::filesystem::path& data, const std::vector<std::string>& words,
                      std::string input) {
  ChildOptions command;
  command.arguments = {program("LATCHKEY"), "--data", data.string()};
  command.arguments.insert(command.arguments.end(), words.begin(), words.end());
  command.input = std::move(input);
  Finished finished = run_to_end(command);
  // The command may have created files.
  give_to_test_user(data);
  return finished;
}

void add_user(const std::filesystem::path& data, const std::string& name, const std::string& password) {
  const Finished added =
      run_latchkey(data, {"user", "add", name, "--create", "--password-stdin"}, password + "\n");
  if (added.status == 0) return;
  throw std::runtime_error("latchkey user add " + name + " was refused: " + added.errors);
}

ServerProcess::ServerProcess(std::filesystem::path data, ServerOptions options)
    : data_(std::move(data)), options_(std::move(options)) {
  start();
}

void ServerProcess::start() {
  child_ = std::make_unique<ChildProcess>(server_command(data_, options_));
  const std::optional<std::string> line = child_->wait_for_line(kListening);
  if (!line) throw std::runtime_error("latchkeyd does not listen; it said: " + child_->errors());
  port_ = port_of(*line);
}

std::uint16_t ServerProcess::port_of_listener(const std::string& mark) {
  const std::optional<std::string> line = child_->wait_for_line(mark);
  if (!line) throw std::runtime_error("latchkeyd has no listener " + mark + ": " + child_->errors());
  return port_of(line->substr(0, line->find(" (")));
}

std::uint16_t ServerProcess::proxy_port() { return port_of_listener("(PROXY protocol)"); }

std::uint16_t ServerProcess::verify_port(const std::string& family) {
  return port_of_listener("(questions of " + family + ")");
}

void ServerProcess::fill_disk() const { limit_files(pid(), {0, RLIM_INFINITY}); }

void ServerProcess::free_disk() const { limit_files(pid(), {RLIM_INFINITY, RLIM_INFINITY}); }

int ServerProcess::stop() {
  terminate();
  return wait();
}

void ServerProcess::kill() {
  child_->signal(SIGKILL);
  child_->wait();
}

void ServerProcess::start_again() {
  stop();
  start();
}

void ServerProcess::start_again(ServerOptions options) {
  options_ = std::move(options);
  start_again();
}

}  // namespace latchkey::test
