#include "support/child_process.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <stdexcept>
#include <system_error>

namespace latchkey::test {

namespace {

constexpr int kMaxSignal = 64;
constexpr int kInheritedSocket = 100;
constexpr std::size_t kMaxInputBytes = std::size_t{64} * 1024;  // What a pipe holds without a reader.

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::system_category().message(errno));
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;

  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
    read_end = ends[0];
    write_end = ends[1];
  }
  Pipe(int read, int write) noexcept : read_end(read), write_end(write) {}

  /// Output written to the terminal is read from its other side.
  static Pipe terminal() {
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) fail("posix_openpt");
    const char* const name = ::ptsname(master);
    const int slave = name == nullptr ? -1 : ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) fail("open a terminal");
    return {master, slave};
  }
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Keeps a test's own settings from becoming the server's.
std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> environment = added;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    if (std::string_view(*entry).starts_with("LATCHKEY_")) continue;
    environment.emplace_back(*entry);
  }
  return environment;
}

/// Makes only system calls, as a program with threads must between fork and exec.
void deny_io_uring(int error) noexcept {
  const std::array<sock_filter, 4> code = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offsetof(seccomp_data, nr))),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(SYS_io_uring_setup), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog program{};
  program.len = static_cast<unsigned short>(code.size());
  program.filter = const_cast<sock_filter*>(code.data());
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(126);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) ::_exit(126);
}

struct Prepared {
  const char* path;
  char* const* arguments;
  char* const* environment;
  int input;
  int output;
  int errors;
  std::span<const int> passed;
  std::span<int> passed_copies;  ///< room for as many
  char* listen_pid;              ///< where the digits of LISTEN_PID stand; null if nothing is passed
  int io_uring_errno;
  std::size_t descriptors;
  pid_t parent;
  ChildOptions::Start start;
};

/// Makes system calls, because the C library reserves two signals for itself.
void set_signals(bool ignored_and_blocked) noexcept {
  std::array<std::uintptr_t, 4> action{};
  action[0] = reinterpret_cast<std::uintptr_t>(ignored_and_blocked ? SIG_IGN : SIG_DFL);
  for (int number = 1; number <= kMaxSignal; ++number) {
    ::syscall(SYS_rt_sigaction, number, action.data(), nullptr, sizeof(std::uint64_t));
  }
  const std::uint64_t mask = ignored_and_blocked ? ~std::uint64_t{0} : 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask);
}

constexpr int kFirstPassed = 3;
constexpr std::string_view kListenPid = "LISTEN_PID=";
constexpr std::size_t kPidDigits = 10;

/// With leading zeros, which are read as well.
void write_pid(char* digits) noexcept {
  auto rest = static_cast<unsigned>(::getpid());
  for (std::size_t i = kPidDigits; i-- > 0; rest /= 10) digits[i] = static_cast<char>('0' + rest % 10);
}

/// First out of the way of their new places, then into them.
void pass_descriptors(const Prepared& prepared) noexcept {
  const int beyond = kFirstPassed + static_cast<int>(prepared.passed.size());
  for (std::size_t i = 0; i < prepared.passed.size(); ++i) {
    prepared.passed_copies[i] = ::fcntl(prepared.passed[i], F_DUPFD_CLOEXEC, beyond);
  }
  for (std::size_t i = 0; i < prepared.passed.size(); ++i) {
    ::dup2(prepared.passed_copies[i], kFirstPassed + static_cast<int>(i));
  }
  if (prepared.listen_pid != nullptr) write_pid(prepared.listen_pid);
}

[[noreturn]] void become(const Prepared& prepared) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have ended before the line above ran.
  if (::getppid() != prepared.parent) ::_exit(126);
  set_signals(prepared.start == ChildOptions::Start::kIgnoredAndBlocked);
  ::dup2(prepared.input, STDIN_FILENO);
  ::dup2(prepared.output, STDOUT_FILENO);
  ::dup2(prepared.errors, STDERR_FILENO);
  if (prepared.start == ChildOptions::Start::kWithoutStandard) {
    ::dup2(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), kInheritedSocket);
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
  }
  pass_descriptors(prepared);
  const rlimit descriptors{prepared.descriptors, prepared.descriptors};
  if (prepared.descriptors != 0 && ::setrlimit(RLIMIT_NOFILE, &descriptors) != 0) ::_exit(126);
  if (prepared.io_uring_errno != 0) deny_io_uring(prepared.io_uring_errno);
  ::execve(prepared.path, prepared.arguments, prepared.environment);
  ::_exit(127);
}

/// Appends the bytes that `descriptor` has. False at its end.
bool read_some(int descriptor, std::string& text) {
  std::array<char, 4096> bytes{};
  const ssize_t count = ::read(descriptor, bytes.data(), bytes.size());
  if (count <= 0) return count < 0 && errno == EINTR;
  text.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<std::string> whole_line_with(const std::string& lines, std::string_view text) {
  const std::size_t found = lines.find(text);
  if (found == std::string::npos) return std::nullopt;
  const std::size_t end = lines.find('\n', found);
  if (end == std::string::npos) return std::nullopt;
  const std::size_t before = lines.rfind('\n', found);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return lines.substr(begin, end - begin);
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
  if (options.input.size() > kMaxInputBytes) throw std::runtime_error("the input is too long for a pipe");
  std::vector<std::string> argument_texts = options.arguments;
  std::vector<std::string> environment_texts = environment_with(options.environment);
  if (!options.passed.empty()) {
    environment_texts.push_back("LISTEN_FDS=" + std::to_string(options.passed.size()));
    environment_texts.push_back(std::string(kListenPid) + std::string(kPidDigits, '0'));
  }
  char* const listen_pid =
      options.passed.empty() ? nullptr : environment_texts.back().data() + kListenPid.size();
  std::vector<int> copies(options.passed.size(), -1);
  const std::vector<char*> arguments = pointers_to(argument_texts);
  const std::vector<char*> environment = pointers_to(environment_texts);

  const Pipe input;
  const Pipe output;
  const Pipe errors = options.start == ChildOptions::Start::kOnATerminal ? Pipe::terminal() : Pipe();
  const ssize_t written = ::write(input.write_end, options.input.data(), options.input.size());
  if (written != static_cast<ssize_t>(options.input.size())) fail("write");
  ::close(input.write_end);

  const Prepared prepared{argument_texts.front().c_str(),
                          arguments.data(),
                          environment.data(),
                          input.read_end,
                          output.write_end,
                          errors.write_end,
                          options.passed,
                          copies,
                          listen_pid,
                          options.io_uring_errno,
                          options.descriptors,
                          ::getpid(),
                          options.start};
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) become(prepared);
  ::close(input.read_end);
  ::close(output.write_end);
  ::close(errors.write_end);
  // glibc 2.36's header for this call does not link in C++.
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) fail("pidfd_open");
  errors_changed_ = ::eventfd(0, EFD_CLOEXEC);
  if (errors_changed_ < 0) fail("eventfd");
  collector_ = std::thread([this, output, errors] { collect(output.read_end, errors.read_end); });
}

ChildProcess::~ChildProcess() {
  if (!status_) {
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  read_errors();
  collector_.join();
  ::close(pidfd_);
  ::close(errors_changed_);
}

void ChildProcess::hold_errors() { set_errors(Errors::kHeld); }
void ChildProcess::read_errors() { set_errors(Errors::kRead); }
void ChildProcess::close_errors() { set_errors(Errors::kClosed); }

// Returns once the collector has made the change.
void ChildProcess::set_errors(Errors wanted) {
  std::unique_lock lock(mutex_);
  errors_wanted_ = wanted;
  const std::uint64_t one = 1;
  if (::write(errors_changed_, &one, sizeof one) != sizeof one) fail("write");
  arrived_.wait(lock, [this, wanted] { return collected_ || errors_are_ == wanted; });
}

void ChildProcess::collect(int output, int errors) {
  std::array<pollfd, 3> polled = {{{output, POLLIN, 0}, {errors, POLLIN, 0}, {errors_changed_, POLLIN, 0}}};
  const std::span<pollfd> sources = std::span(polled).first(2);
  bool is_open = true;  // standard error
  while (polled[0].fd >= 0 || is_open) {
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[2].revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t taken = ::read(errors_changed_, &count, sizeof count);
      const std::lock_guard lock(mutex_);
      if (is_open && errors_wanted_ == Errors::kClosed) {
        ::close(errors);
        is_open = false;
      }
      errors_are_ = errors_wanted_;
      polled[1] = {is_open && errors_wanted_ == Errors::kRead ? errors : -1, POLLIN, 0};
      arrived_.notify_all();
    }
    for (pollfd& source : sources) {
      if (source.fd < 0 || source.revents == 0) continue;
      std::string text;
      const bool more = read_some(source.fd, text);
      const std::lock_guard lock(mutex_);
      (source.fd == output ? output_ : errors_).append(text);
      if (!more) {
        ::close(source.fd);
        is_open = is_open && source.fd != errors;
        // poll ignores a negative descriptor.
        source.fd = -1;
      }
      arrived_.notify_all();
    }
  }
  const std::lock_guard lock(mutex_);
  collected_ = true;
  arrived_.notify_all();
}

std::string ChildProcess::output() const {
  const std::lock_guard lock(mutex_);
  return output_;
}

std::string ChildProcess::errors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}

std::optional<std::string> ChildProcess::wait_for_line(std::string_view text) {
  std::unique_lock lock(mutex_);
  std::optional<std::string> line;
  arrived_.wait_for(lock, kPatience, [this, text, &line] {
    line = whole_line_with(errors_, text);
    return line || collected_;
  });
  return line;
}

void ChildProcess::signal(int number) const noexcept {
  if (!status_) ::kill(pid_, number);
}

int ChildProcess::wait() {
  if (!status_) {
    pollfd ended{pidfd_, POLLIN, 0};
    const auto patience_ms = std::chrono::milliseconds(kPatience).count();
    const int ready = ::poll(&ended, 1, static_cast<int>(patience_ms));
    if (ready != 1) throw std::runtime_error("the program did not end; it said: " + errors());
    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_) fail("waitpid");
    status_ = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  read_errors();
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, kPatience, [this] { return collected_; });
  return *status_;
}

Finished run_to_end(const ChildOptions& options) {
  ChildProcess child(options);
  const int status = child.wait();
  return {status, child.output(), child.errors()};
}

}  // namespace latchkey::test
