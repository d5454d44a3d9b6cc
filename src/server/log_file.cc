#include "server/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace latchkey::server {

namespace {

// A pipe without room must not block: whoever writes waits for it with a bound.
constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
constexpr mode_t kMode = 0600;

tl::unexpected<Error> cannot_open(std::string_view setting, const std::filesystem::path& path, int error) {
  if (error == ENXIO) {
    return failure(ErrorCode::kUnavailable,
                   fmt::format("`{}` is a pipe that no process reads: {}", setting, path.string()));
  }
  return failure(ErrorCode::kUnavailable,
                 fmt::format("cannot open `{}` {}: {}; its directory must be there, and the user that "
                             "latchkeyd runs as must be able to write to it",
                             setting, path.string(), std::strerror(error)));
}

Result<int> open_for_lines(std::string_view setting, const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), kFlags, kMode);
  if (fd < 0) return cannot_open(setting, path, errno);
  return fd;
}

}  // namespace

Result<LogFile> LogFile::open(std::string_view setting, std::filesystem::path path) {
  LATCHKEY_TRY(const int fd, open_for_lines(setting, path));
  return LogFile(setting, std::move(path), fd);
}

Result<void> LogFile::check(std::string_view setting, const std::filesystem::path& path) {
  if (::access(path.c_str(), W_OK) == 0) return {};
  const bool is_missing = errno == ENOENT;
  if (is_missing && ::access(path.parent_path().c_str(), W_OK | X_OK) == 0) return {};
  return cannot_open(setting, path, errno);
}

LogFile::LogFile(std::string_view setting, std::filesystem::path path, int fd) noexcept
    : setting_(setting), path_(std::move(path)), fd_(fd) {}

LogFile::LogFile(LogFile&& other) noexcept
    : setting_(other.setting_), path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

LogFile::~LogFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> LogFile::reopen() {
  LATCHKEY_TRY(const int fd, open_for_lines(setting_, path_));
  ::close(std::exchange(fd_, fd));
  return {};
}

}  // namespace latchkey::server
