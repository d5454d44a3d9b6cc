// LogFile: a file that lines of the log are appended to, by its path. Made if it is missing, for its owner
// alone.
// Thread: the main thread opens it before the process is confined; from then on one of the log's threads has
// it.
#pragma once

#include <filesystem>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey::server {

class LogFile {
 public:
  /// `setting` is the key that names the path, for errors.
  /// Lifetime: `setting` has static storage.
  /// Errors: kUnavailable says what to do.
  static Result<LogFile> open(std::string_view setting, std::filesystem::path path);

  /// Whether it could be opened, without making it.
  /// Errors: those of `open`.
  static Result<void> check(std::string_view setting, const std::filesystem::path& path);

  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&&) = delete;
  ~LogFile();

  int fd() const noexcept { return fd_; }
  const std::filesystem::path& path() const noexcept { return path_; }
  /// Opens what stands at the path now, and lets go of what it had. On an error it keeps what it had.
  Result<void> reopen();

 private:
  LogFile(std::string_view setting, std::filesystem::path path, int fd) noexcept;

  std::string_view setting_;
  std::filesystem::path path_;
  int fd_;
};

}  // namespace latchkey::server
