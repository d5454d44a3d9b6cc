#include "file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace latchkey::command {

namespace {

tl::unexpected<Error> cannot(std::string_view what, const std::string& name, int error) {
  return failure(error == EEXIST ? ErrorCode::kConflict : ErrorCode::kUnavailable,
                 fmt::format("cannot {} {}: {}", what, name == "-" ? "standard input" : name,
                             std::system_category().message(error)));
}

}  // namespace

Result<std::string> read_file(const std::string& name, std::size_t max_bytes) {
  const bool is_own = name != "-";
  const int file = is_own ? ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
  if (file < 0) return cannot("read", name, errno);
  std::string text;
  std::array<char, 65536> part{};
  Result<std::string> outcome;
  while (true) {
    const ssize_t got = ::read(file, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) outcome = cannot("read", name, errno);
    if (got <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() <= max_bytes) continue;
    outcome =
        failure(ErrorCode::kInvalid, fmt::format("{} has over {} MiB: split it", name, max_bytes >> 20));
    break;
  }
  if (is_own) ::close(file);
  if (outcome) outcome = std::move(text);
  return outcome;
}

std::string front_of_file(const std::string& name, std::size_t bytes) {
  // What is read of a pipe is gone for whoever reads it next.
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(name, ignored)) return {};
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (file < 0) return {};
  std::string front(bytes, '\0');
  const ssize_t got = ::read(file, front.data(), front.size());
  ::close(file);
  front.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return front;
}

Result<NewFile> NewFile::make(const std::string& name) {
  if (name == "-") return NewFile("standard output", STDOUT_FILENO, false);
  const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0 && errno == EEXIST) {
    return failure(ErrorCode::kConflict,
                   fmt::format("{} is there already: name another file, or remove it", name));
  }
  if (file < 0) return cannot("make", name, errno);
  return NewFile(name, file, true);
}

NewFile::NewFile(NewFile&& other) noexcept
    : name_(std::move(other.name_)),
      file_(std::exchange(other.file_, -1)),
      is_own_(other.is_own_),
      is_finished_(other.is_finished_) {}

NewFile::~NewFile() {
  if (!is_own_ || file_ < 0) return;
  if (!is_finished_) ::unlink(name_.c_str());
  ::close(file_);
}

bool NewFile::is_terminal() const noexcept { return ::isatty(file_) == 1; }

Result<void> NewFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(file_, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return cannot("write", name_, errno);
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> NewFile::finish() {
  if (is_own_ && ::fsync(file_) != 0) return cannot("sync", name_, errno);
  is_finished_ = true;
  return {};
}

}  // namespace latchkey::command
