// The directory that holds everything a server keeps: database, key file, admin socket. Owned by the process
// that works in it, from start to end: the lock keeps a second server, or the offline command, out.
#pragma once

#include <filesystem>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey::store {

class DataDirectory {
 public:
  /// Creates the directory (mode 0700; its parents by the umask) where it is missing, and takes the lock
  /// without waiting. `holder` is this program's name, for the sentence that the next one is refused with.
  /// Errors: kConflict, somebody holds it; kUnavailable, the system refused.
  static Result<DataDirectory> open(const std::filesystem::path& path, std::string_view holder);

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  /// Makes the names of files created in it durable. Error kFatal when the fsync fails.
  Result<void> sync() const;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path database_path() const { return database_path(path_); }
  std::filesystem::path admin_socket_path() const { return admin_socket_path(path_); }
  /// A file that is there while the database is not trusted (soundness.h).
  std::filesystem::path distrust_path() const { return path_ / "latchkey.db-distrusted"; }

  static std::filesystem::path database_path(const std::filesystem::path& directory);
  static std::filesystem::path admin_socket_path(const std::filesystem::path& directory);
  static std::filesystem::path lock_path(const std::filesystem::path& directory);

 private:
  DataDirectory(std::filesystem::path path, int directory, int lock) noexcept;

  std::filesystem::path path_;
  int directory_;
  int lock_;
};

}  // namespace latchkey::store
