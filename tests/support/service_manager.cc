#include "support/service_manager.h"

#include <linux/kcmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <ranges>
#include <stdexcept>
#include <utility>

namespace latchkey::test {

namespace {

constexpr std::size_t kMostInAMessage = 253;  // SCM_MAX_FD
constexpr std::size_t kMaxMessageBytes = 4096;
constexpr int kLookMs = 50;

/// fdname_is_valid() of systemd.
bool is_valid_name(std::string_view name) {
  return name.size() <= 255 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c < 0x7f && c != ':'; });
}

bool is_same_file(int left, int right) {
  const pid_t self = ::getpid();
  return ::syscall(SYS_kcmp, self, self, KCMP_FILE, left, right) == 0;
}

std::vector<std::string> lines_of(const std::string& message) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < message.size();) {
    const std::size_t end = std::min(message.find('\n', at), message.size());
    lines.push_back(message.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

bool has(const std::vector<std::string>& lines, std::string_view line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

}  // namespace

ServiceManager::ServiceManager(std::size_t most_kept) : most_kept_(most_kept) {
  const std::string path = (directory_ / "notify").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int on = 1;
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0 || ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::setsockopt(socket_, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
      ::chmod(path.c_str(), 0666) != 0 ||
      ::chmod(std::filesystem::path(path).parent_path().c_str(), 0755) != 0) {
    throw std::runtime_error("no notification socket at " + path);
  }
  listener_ = std::thread([this] { listen(); });
}

ServiceManager::~ServiceManager() {
  if (main_ && main_->is_running()) stop();
  ending_ = true;
  listener_.join();
  forget_all();
  ::close(socket_);
}

void ServiceManager::start(ChildOptions command) {
  command.environment.push_back("NOTIFY_SOCKET=" + (directory_ / "notify").string());
  std::unique_lock lock(mutex_);
  lines_.clear();
  std::string names;
  // systemd passes the latest first.
  for (const Kept& kept : std::ranges::reverse_view(kept_)) {
    command.passed.push_back(kept.fd);
    names += (names.empty() ? "" : ":") + kept.name;
  }
  if (!command.passed.empty()) command.environment.push_back("LISTEN_FDNAMES=" + names);
  main_ = std::make_unique<ChildProcess>(command);
  main_pid_ = main_->pid();
  const bool ready = heard_.wait_for(lock, kPatience, [this] { return has(lines_, "READY=1"); });
  lock.unlock();
  if (!ready) throw std::runtime_error("the service is not ready; it said: " + main_->errors());
}

int ServiceManager::restart(ChildOptions command, const std::function<void()>& between) {
  main_->signal(SIGTERM);
  const int status = main_->wait();
  if (between) between();
  start(std::move(command));
  return status;
}

void ServiceManager::bring(std::string name, int descriptor) {
  const std::lock_guard lock(mutex_);
  kept_.push_back({std::move(name), descriptor});
}

int ServiceManager::stop() {
  main_->signal(SIGTERM);
  const int status = main_->wait();
  forget_all();
  return status;
}

void ServiceManager::crash_and_restart(ChildOptions command) {
  main_->signal(SIGKILL);
  main_->wait();
  start(std::move(command));
}

std::vector<std::string> ServiceManager::kept_names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  names.reserve(kept_.size());
  for (const Kept& kept : kept_) names.push_back(kept.name);
  std::sort(names.begin(), names.end());
  return names;
}

bool ServiceManager::has_heard(std::string_view line) const {
  const std::lock_guard lock(mutex_);
  return has(lines_, line);
}

void ServiceManager::listen() {
  std::string text(kMaxMessageBytes, '\0');
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(kMostInAMessage * sizeof(int))>
      control{};
  while (!ending_) {
    pollfd readable{socket_, POLLIN, 0};
    if (::poll(&readable, 1, kLookMs) <= 0) continue;
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t bytes = ::recvmsg(socket_, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (bytes < 0) continue;
    pid_t sender = 0;
    std::vector<int> descriptors;
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
      if (each->cmsg_type == SCM_CREDENTIALS) {
        ucred from{};
        std::memcpy(&from, CMSG_DATA(each), sizeof from);
        sender = from.pid;
      } else if (each->cmsg_type == SCM_RIGHTS) {
        descriptors.resize((each->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        std::memcpy(descriptors.data(), CMSG_DATA(each), descriptors.size() * sizeof(int));
      }
    }
    hear(text.substr(0, static_cast<std::size_t>(bytes)), std::move(descriptors), sender);
  }
}

void ServiceManager::hear(const std::string& message, std::vector<int> descriptors, pid_t sender) {
  const std::lock_guard lock(mutex_);
  const std::vector<std::string> lines = lines_of(message);
  if (sender == main_pid_) {
    std::string name;
    for (const std::string& line : lines) {
      if (line.starts_with("FDNAME=")) name = line.substr(7);
    }
    if (!is_valid_name(name)) name.clear();
    if (has(lines, "FDSTOREREMOVE=1")) {
      if (!name.empty()) drop(name);
    } else if (has(lines, "FDSTORE=1")) {
      keep(name.empty() ? "stored" : name, std::exchange(descriptors, {}));
    }
    lines_.insert(lines_.end(), lines.begin(), lines.end());
  }
  for (const int descriptor : descriptors) ::close(descriptor);
  heard_.notify_all();
}

void ServiceManager::keep(const std::string& name, const std::vector<int>& descriptors) {
  for (const int descriptor : descriptors) {
    const bool is_there = std::any_of(kept_.begin(), kept_.end(), [descriptor](const Kept& kept) {
      return is_same_file(kept.fd, descriptor);
    });
    // What has hung up is not kept either.
    pollfd state{descriptor, 0, 0};
    const bool hung_up = ::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
    if (is_there || hung_up || kept_.size() >= most_kept_) {
      ::close(descriptor);
    } else {
      kept_.push_back({name, descriptor});
    }
  }
}

void ServiceManager::drop(std::string_view name) {
  const auto rest = std::stable_partition(kept_.begin(), kept_.end(),
                                          [name](const Kept& kept) { return kept.name != name; });
  for (auto kept = rest; kept != kept_.end(); ++kept) ::close(kept->fd);
  kept_.erase(rest, kept_.end());
}

void ServiceManager::forget_all() {
  const std::lock_guard lock(mutex_);
  for (const Kept& kept : kept_) ::close(kept.fd);
  kept_.clear();
}

}  // namespace latchkey::test
