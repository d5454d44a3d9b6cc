#include "token/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "latchkey/base/file_rules.h"
#include "latchkey/base/hex.h"

namespace latchkey::token {

namespace {

constexpr std::size_t kMaxFileBytes = 4096;
/// The most old key files that renewals may leave beside the new one.
constexpr int kMaxOldFiles = 1000;
constexpr const char* kWayOut =
    ": put it back from a backup, or run `latchkey key renew`, which makes a new key, ends all sessions and "
    "keeps "
    "the users";

/// A file descriptor that is closed on destruction.
class File {
 public:
  explicit File(int fd) noexcept : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const noexcept { return fd_; }
  bool open() const noexcept { return fd_ >= 0; }

 private:
  const int fd_;
};

std::string sentence(std::string_view what, const std::string& path, int error) {
  return "cannot " + std::string(what) + " the key file " + path + ": " + std::strerror(error);
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<SecretText> read_text(const std::string& path) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.open()) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable;
    return failure(code, sentence("open", path, errno));
  }
  const bool credential = is_credential(path);
  if (credential) LATCHKEY_TRY(check_safe_directory(directory_of(path), "the directory of the key file"));
  LATCHKEY_TRY(check_private_file(file.fd(), path, "the key file",
                                  credential ? FileOwner::kCredential : FileOwner::kUserOrRoot));
  std::array<char, kMaxFileBytes> bytes{};
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(file.fd(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(ErrorCode::kUnavailable, sentence("read", path, errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  SecretText text(std::string_view(bytes.data(), size));
  wipe(bytes.data(), bytes.size());
  return text;
}

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The contents of a key file, taken in line by line.
struct Fields {
  KeyFile file;
  bool has_root = false;
  bool has_signing = false;

  /// Takes in one `name = value` line. Returns false if its name is not one of the two of a key file or
  /// appears twice, or if the value is wrong.
  bool take(std::string_view line) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view name = trimmed(line.substr(0, equals));
    const std::string_view value = trimmed(line.substr(equals + 1));
    if (name == "root" && !has_root) return has_root = from_hex(value, file.root.bytes());
    if (name == "signing" && !has_signing) return has_signing = take_number(value);
    return false;
  }

  bool take_number(std::string_view value) {
    int number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size()) return false;
    if (number < 1 || number > kMaxSigningNumber) return false;
    file.signing = static_cast<std::uint8_t>(number);
    return true;
  }
};

Result<void> write_all(const File& file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t put = write(file.fd(), text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failure(ErrorCode::kUnavailable, sentence("write", path, errno));
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  if (fsync(file.fd()) != 0) return failure(ErrorCode::kUnavailable, sentence("sync", path, errno));
  return {};
}

Result<void> sync_directory(const std::string& path) {
  const File directory(open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.open() || fsync(directory.fd()) != 0) {
    return failure(ErrorCode::kUnavailable, sentence("sync the directory of", path, errno));
  }
  return {};
}

/// Writes the file atomically: a crash leaves the old state or the new one, never half a file under the name.
Result<void> write_file(const std::string& path, const KeyFile& file, unsigned rename_flags) {
  const std::string written = path + ".new";
  if (unlink(written.c_str()) != 0 && errno != ENOENT) {
    return failure(ErrorCode::kUnavailable, sentence("write", written, errno));
  }
  const File out(open(written.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out.open()) return failure(ErrorCode::kUnavailable, sentence("write", written, errno));
  const SecretText text = key_file_text(file);
  Result<void> result = write_all(out, text.view(), written);
  if (result && renameat2(AT_FDCWD, written.c_str(), AT_FDCWD, path.c_str(), rename_flags) != 0) {
    const ErrorCode code = errno == EEXIST ? ErrorCode::kConflict : ErrorCode::kUnavailable;
    result = failure(code, sentence("put in place", path, errno));
  }
  if (!result) {
    unlink(written.c_str());
    return result;
  }
  return sync_directory(path);
}

}  // namespace

Result<KeyFile> read_key_file(const std::string& path) {
  LATCHKEY_TRY(const SecretText text, read_text(path));
  Fields fields;
  std::string_view rest = text.view();
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = trimmed(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (line.empty() || line.front() == '#' || fields.take(line)) continue;
    return failure(ErrorCode::kInvalid,
                   "the key file " + path + " is damaged at line " + std::to_string(number) + kWayOut);
  }
  if (!fields.has_root || !fields.has_signing) {
    return failure(ErrorCode::kInvalid, "the key file " + path + " is damaged: it lacks `" +
                                            (fields.has_root ? "signing" : "root") + "`" + kWayOut);
  }
  return std::move(fields.file);
}

SecretText key_file_text(const KeyFile& file) {
  std::array<char, 2 * kRootKeyBytes> digits{};
  to_hex(file.root.bytes(), digits.data());
  std::array<char, 512> bytes{};
  const int size =
      std::snprintf(bytes.data(), bytes.size(),
                    "# Latchkey's keys. Whoever has this file and the database has every token.\n"
                    "# Back it up, but apart from the database: neither opens anything without the other.\n"
                    "root = %.*s\nsigning = %d\n",
                    static_cast<int>(digits.size()), digits.data(), int{file.signing});
  SecretText text(std::string_view(bytes.data(), static_cast<std::size_t>(size)));
  wipe(digits.data(), digits.size());
  wipe(bytes.data(), bytes.size());
  return text;
}

Result<void> create_key_file(const std::string& path, const KeyFile& file) {
  return write_file(path, file, RENAME_NOREPLACE);
}

Result<std::string> set_key_file_aside(const std::string& path) {
  for (int number = 1; number <= kMaxOldFiles; ++number) {
    std::string aside = path + ".old-" + std::to_string(number);
    if (renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, aside.c_str(), RENAME_NOREPLACE) == 0) {
      LATCHKEY_TRY(sync_directory(path));
      return aside;
    }
    if (errno == ENOENT) return std::string();
    if (errno != EEXIST) return failure(ErrorCode::kUnavailable, sentence("set aside", path, errno));
  }
  return failure(ErrorCode::kConflict, "beside the key file " + path + " stand " +
                                           std::to_string(kMaxOldFiles) +
                                           " old ones: remove those that belong to no backup");
}

Result<void> move_key_file(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
    return sync_directory(to);
  return failure(errno == EEXIST ? ErrorCode::kConflict : ErrorCode::kUnavailable,
                 sentence("put in place", to, errno));
}

Result<void> remove_key_file(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return failure(ErrorCode::kUnavailable, sentence("remove", path, errno));
}

Result<void> replace_key_file(const std::string& path, const KeyFile& file) {
  return write_file(path, file, 0);
}

}  // namespace latchkey::token
