#include "whole_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <system_error>
#include <utility>
#include <vector>

namespace latchkey::command {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartial = ".latchkey-partial";

fs::path partial_of(const fs::path& name) { return name.string() + std::string(kPartial); }

tl::unexpected<Error> cannot(std::string_view what, const fs::path& name, int error) {
  return failure(error == EEXIST ? ErrorCode::kConflict : ErrorCode::kUnavailable,
                 fmt::format("cannot {} {}: {}", what, name.string(), std::system_category().message(error)));
}

tl::unexpected<Error> is_there(const fs::path& name) {
  return failure(ErrorCode::kConflict,
                 fmt::format("{} is there already: name another file, or remove it", name.string()));
}

/// Whether a command that was killed has left the file: nobody holds its lock.
bool is_left_over(const fs::path& partial) noexcept {
  const int file = ::open(partial.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return false;
  const bool is_free = ::flock(file, LOCK_EX | LOCK_NB) == 0;
  ::close(file);
  return is_free;
}

/// Makes the file, and locks it for as long as this process has it open.
Result<int> make_partial(const fs::path& name) {
  const fs::path partial = partial_of(name);
  if (is_left_over(partial)) ::unlink(partial.c_str());
  const int file = ::open(partial.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0 && errno == EEXIST) {
    return failure(ErrorCode::kConflict,
                   fmt::format("another command is writing {}: wait for its end, or name "
                               "another file",
                               name.string()));
  }
  if (file < 0) return cannot("make", partial, errno);
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  const int error = errno;
  ::close(file);
  ::unlink(partial.c_str());
  return cannot("lock", partial, error);
}

/// Removes the directory's files with timed names, but for the newest, and what killed commands left of such.
void remove_older(const fs::path& directory, std::size_t newest) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename();
    const std::size_t behind = name.size() - std::min(name.size(), kPartial.size());
    if (is_timed_name(name)) {
      names.push_back(std::move(name));
    } else if (name.ends_with(kPartial) && is_timed_name(std::string_view(name).substr(0, behind)) &&
               is_left_over(entry->path())) {
      ::unlink(entry->path().c_str());
    }
  }
  std::sort(names.begin(), names.end());
  for (std::size_t i = 0; i + newest < names.size(); ++i) ::unlink((directory / names[i]).c_str());
}

int give_name(const fs::path& name, std::size_t newest) {
  const fs::path partial = partial_of(name);
  const fs::path above = name.has_parent_path() ? name.parent_path() : ".";
  int refused = ::renameat2(AT_FDCWD, partial.c_str(), AT_FDCWD, name.c_str(), RENAME_NOREPLACE);
  // A file system without that flag.
  if (refused != 0 && errno == EINVAL) {
    refused = ::link(partial.c_str(), name.c_str());
    if (refused == 0) ::unlink(partial.c_str());
  }
  if (refused != 0) {
    const int error = errno;
    ::unlink(partial.c_str());
    return error;
  }
  const int directory = ::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int error = directory < 0 || ::fsync(directory) != 0 ? errno : 0;
  if (directory >= 0) ::close(directory);
  if (error == 0 && newest > 0) remove_older(above, newest);
  return error;
}

/// What the keeper does: it waits for the command's word, or for its end.
[[noreturn]] void keep_rights(int command, const fs::path& name) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(number, SIG_IGN);
  std::size_t newest = 0;
  ssize_t got = 0;
  while ((got = ::read(command, &newest, sizeof newest)) < 0 && errno == EINTR) continue;
  if (got != sizeof newest) {
    // It may be another command's, for which this one was refused.
    if (const fs::path partial = partial_of(name); is_left_over(partial)) ::unlink(partial.c_str());
    ::_exit(0);
  }
  const int error = give_name(name, newest);
  static_cast<void>(::write(command, &error, sizeof error) == 0);
  ::_exit(0);
}

}  // namespace

WholeFile::WholeFile(fs::path name, int file, int keeper, pid_t process)
    : name_(std::move(name)), file_(file), keeper_(keeper), process_(process) {}

WholeFile::WholeFile(WholeFile&& other) noexcept
    : name_(std::move(other.name_)),
      file_(std::exchange(other.file_, -1)),
      keeper_(std::exchange(other.keeper_, -1)),
      process_(std::exchange(other.process_, -1)) {}

WholeFile::~WholeFile() {
  if (file_ >= 0) ::close(file_);
  // Without a word the keeper removes the file.
  if (keeper_ >= 0) ::close(keeper_);
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
}

std::string WholeFile::partial() const { return partial_of(name_); }

Result<WholeFile> WholeFile::begin(const fs::path& given) {
  std::error_code error;
  const fs::path name = fs::absolute(given, error);
  if (error) return cannot("find", given, error.value());
  if (fs::exists(fs::symlink_status(name, error))) return is_there(name);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return cannot("make a pair of sockets for", name, errno);
  const pid_t process = ::fork();
  if (process == 0) {
    ::close(ends[0]);
    keep_rights(ends[1], name);
  }
  const int refused = errno;
  ::close(ends[1]);
  // From here on there is somebody to remove it.
  WholeFile made(name, -1, ends[0], process);
  if (process < 0) return cannot("start a process to keep", name, refused);
  LATCHKEY_TRY(made.file_, make_partial(name));
  return made;
}

Result<void> WholeFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return cannot("write", name_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> WholeFile::sync() {
  if (::fsync(file_) == 0) return {};
  return cannot("sync", name_, errno);
}

Result<void> WholeFile::keep(std::size_t newest) {
  int error = 0;
  const bool answered = ::send(keeper_, &newest, sizeof newest, MSG_NOSIGNAL) == sizeof newest &&
                        ::recv(keeper_, &error, sizeof error, MSG_WAITALL) == sizeof error;
  if (!answered) return cannot("name", name_, EPIPE);
  if (error == EEXIST) return is_there(name_);
  if (error != 0) return cannot("name", name_, error);
  return {};
}

std::string time_for_name() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, sizeof "20260102T030405Z"> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return text.data();
}

std::string timed_name() { return fmt::format("latchkey-{}.db", time_for_name()); }

bool is_timed_name(std::string_view name) {
  constexpr std::string_view kLike = "latchkey-########T######Z.db";
  return std::equal(name.begin(), name.end(), kLike.begin(), kLike.end(),
                    [](char is, char like) { return like == '#' ? is >= '0' && is <= '9' : is == like; });
}

}  // namespace latchkey::command
