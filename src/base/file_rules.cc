#include "latchkey/base/file_rules.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace latchkey {

namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr mode_t kWriteOfOthers = S_IWGRP | S_IWOTH;
constexpr mode_t kModeBits = 07777;

tl::unexpected<Error> cannot_look(const std::string& path) {
  return failure(ErrorCode::kUnavailable,
                 fmt::format("cannot look at {}: {}", path, std::system_category().message(errno)));
}

std::string user_text(uid_t user) {
  return user == 0 ? "root" : fmt::format("the user with the id {}", user);
}

tl::unexpected<Error> of_another(const struct stat& status, const std::string& path, std::string_view what) {
  const uid_t own = ::geteuid();
  return failure(ErrorCode::kInvalid,
                 fmt::format("{} {} belongs to {}, and this runs as {}: see whether it is the right one, and "
                             "run `chown {} {}`",
                             what, path, user_text(status.st_uid), user_text(own), own, shell_word(path)));
}

/// The modes that a file of this owner may not have.
mode_t forbidden_bits(FileOwner owner) noexcept {
  constexpr mode_t kWrite = S_IWUSR | S_IWGRP | S_IWOTH;
  return owner == FileOwner::kCredential ? kWrite | S_IXUSR | S_IXGRP | S_IRWXO : kOthers;
}

tl::unexpected<Error> no_credential(const struct stat& status, const std::string& path,
                                    std::string_view what) {
  return failure(
      ErrorCode::kInvalid,
      fmt::format("{} {} in $CREDENTIALS_DIRECTORY has mode {:04o}, and a credential has 0400 or 0440: leave "
                  "that directory to the service manager (LoadCredential=)",
                  what, path, status.st_mode & kModeBits));
}

Result<void> check_file(const struct stat& status, const std::string& path, std::string_view what,
                        FileOwner owner) {
  if (!S_ISREG(status.st_mode)) {
    return failure(ErrorCode::kInvalid,
                   fmt::format("{} {} is {}, not a file: put the file itself there", what, path,
                               S_ISLNK(status.st_mode) ? "a symbolic link" : "something else"));
  }
  const bool roots = owner != FileOwner::kUserAlone && status.st_uid == 0;
  if (status.st_uid != ::geteuid() && !roots) return of_another(status, path, what);
  if ((status.st_mode & forbidden_bits(owner)) == 0) return {};
  if (owner == FileOwner::kCredential) return no_credential(status, path, what);
  const bool may_write = (status.st_mode & kWriteOfOthers) != 0;
  return failure(
      ErrorCode::kInvalid,
      fmt::format("{} {} may be {} by others than its owner (mode {:04o}): run `chmod 600 {}`, and do "
                  "not trust it if others could have {} it",
                  what, path, may_write ? "written" : "read", status.st_mode & kModeBits, shell_word(path),
                  may_write ? "changed" : "read"));
}

}  // namespace

bool is_credential(std::string_view path) {
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') return false;
  const std::filesystem::path above = std::filesystem::path(path).lexically_normal().parent_path();
  return above == (std::filesystem::path(directory) / "").lexically_normal().parent_path();
}

Result<void> check_private_file(int file, const std::string& path, std::string_view what, FileOwner owner) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return cannot_look(path);
  return check_file(status, path, what, owner);
}

Result<void> check_private_file_in(int directory, const std::string& path, std::string_view what) {
  struct stat status {};
  const std::string name = path.substr(path.rfind('/') + 1);
  if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return cannot_look(path);
  }
  LATCHKEY_TRY(check_file(status, path, what, FileOwner::kUserAlone));
  if (status.st_nlink <= 1) return {};
  return failure(
      ErrorCode::kInvalid,
      fmt::format("{} {} has {} names (hard links), of which its log would know one: find the others "
                  "with `find / -xdev -samefile {}`, and remove them",
                  what, path, status.st_nlink, shell_word(path)));
}

Result<void> check_own_directory(int directory, const std::string& path) {
  constexpr std::string_view kWhat = "the data directory";
  struct stat status {};
  if (::fstat(directory, &status) != 0) return cannot_look(path);
  if (status.st_uid != ::geteuid()) return of_another(status, path, kWhat);
  if ((status.st_mode & kWriteOfOthers) == 0) return {};
  return failure(
      ErrorCode::kInvalid,
      fmt::format("{} {} may be written by others than its owner (mode {:04o}): run `chmod 700 {}`, and "
                  "do not trust what is in it if others could have changed it",
                  kWhat, path, status.st_mode & kModeBits, shell_word(path)));
}

Result<void> check_safe_directory(const std::string& path, std::string_view what) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return cannot_look(path);
  if (!S_ISDIR(status.st_mode)) {
    return failure(ErrorCode::kInvalid, fmt::format("{} {} is not a directory", what, path));
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) return of_another(status, path, what);
  const bool shared = (status.st_mode & kWriteOfOthers) != 0 && (status.st_mode & S_ISVTX) == 0;
  if (!shared) return {};
  return failure(
      ErrorCode::kInvalid,
      fmt::format("{} {} may be written by others than its owner (mode {:04o}): run `chmod go-w {}`", what,
                  path, status.st_mode & kModeBits, shell_word(path)));
}

std::string shell_word(std::string_view path) {
  static constexpr std::string_view kPlain = "/._-+:@%,=";
  const bool plain = !path.empty() && std::all_of(path.begin(), path.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPlain.find(c) != std::string_view::npos;
  });
  // A word that begins with a dash would be an option.
  const std::string_view before = path.starts_with('-') ? "./" : "";
  if (plain) return fmt::format("{}{}", before, path);
  std::string word = fmt::format("'{}", before);
  for (const char c : path) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace latchkey
