#include "server/kept_sockets.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

namespace latchkey::server {

namespace {

/// More than FileDescriptorStoreMax= of any sensible unit.
constexpr int kMostPassed = 65'536;
constexpr std::size_t kMaxNameBytes = 255;

template <class Number>
std::optional<Number> number_in(const char* variable) noexcept {
  const char* const value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  const std::string_view text(value);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string> passed_names() {
  std::vector<std::string> names;
  const char* const value = std::getenv("LISTEN_FDNAMES");
  for (std::string_view rest = value == nullptr ? "" : value; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

bool is_at(const net::Listener& listener, const ListenAddress& where) {
  if (listener.is_unix() != where.is_unix()) return false;
  if (!where.is_unix()) return listener.endpoint() == where.endpoint;
  struct stat file {};
  return listener.path() == where.path && ::lstat(where.path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode);
}

}  // namespace

int passed_descriptors() noexcept {
  // The variables of another process that has not removed them mean nothing here.
  if (number_in<pid_t>("LISTEN_PID") != ::getpid()) return 0;
  return std::clamp(number_in<int>("LISTEN_FDS").value_or(0), 0, kMostPassed);
}

std::string name_of_kept(const ListenAddress& where) {
  std::string name = where.is_unix() ? "unix-" + where.path : "tcp-" + where.endpoint.to_text();
  for (char& c : name) {
    if (c <= ' ' || c >= 0x7f || c == ':') c = '_';
  }
  return name.substr(0, kMaxNameBytes);
}

KeptSockets KeptSockets::take() {
  KeptSockets sockets;
  const int count = passed_descriptors();
  std::vector<std::string> names = passed_names();
  names.resize(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    Result<net::Listener> listener = net::Listener::adopt(kFirstPassed + i);
    if (!listener) continue;
    sockets.kept_.push_back({std::move(*listener), std::move(names[static_cast<std::size_t>(i)])});
  }
  for (const char* const variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  return sockets;
}

std::vector<net::Listener> KeptSockets::of(const ListenAddress& where) {
  std::vector<net::Listener> found;
  const auto rest = std::stable_partition(
      kept_.begin(), kept_.end(), [&where](const Kept& kept) { return !is_at(kept.listener, where); });
  for (auto kept = rest; kept != kept_.end(); ++kept) found.push_back(std::move(kept->listener));
  kept_.erase(rest, kept_.end());
  return found;
}

std::vector<std::string> KeptSockets::names_left() const {
  std::vector<std::string> names;
  for (const Kept& kept : kept_) {
    if (!kept.name.empty()) names.push_back(kept.name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace latchkey::server
