// The directory that holds everything a server keeps: database, key file, admin socket. Owned by the process
// that works in it, from start to end: the lock keeps a second server, or the offline command, out.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/result.h"

namespace latchkey::store {

struct DirectoryOptions {
  /// Make what is missing: the directory (mode 0700; not its parents), and a database in it.
  bool create = false;
  /// Where the key stands, as far as it is known. One in the directory itself shows that a database stood
  /// beside it.
  std::filesystem::path key_file{};
};

/// What stands in a data directory. Nothing is changed, made or locked to find it.
struct DirectoryFindings {
  bool directory = false;            ///< it is there
  bool database = false;             ///< and so is a database, as far as its size shows
  bool may_create_database = false;  ///< as DataDirectory has it
  /// What holds the lock, as `latchkeyd (pid 7)`; empty where nobody does.
  std::string holder;
  /// Where that says that it listens.
  std::vector<std::string> endpoints;
};

class DataDirectory {
 public:
  /// Takes the lock without waiting, once the directory is what `inspect` asks for, and makes what is missing
  /// if it may. `holder` is this program's name, for the sentence that the next one is refused with. Errors
  /// as of `inspect`, and kConflict, somebody holds it.
  static Result<DataDirectory> open(const std::filesystem::path& path, std::string_view holder,
                                    const DirectoryOptions& options = {});

  /// Whether a server could work here. Errors: kNotFound, the directory or its database is missing and may
  /// not be made; kInvalid, it is in no state to work in; kUnavailable, the system refused. Each says what to
  /// do.
  static Result<DirectoryFindings> inspect(const std::filesystem::path& path,
                                           const DirectoryOptions& options = {});

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  /// Makes the names of files created in it durable. Error kFatal when the fsync fails.
  Result<void> sync() const;

  /// Writes beside the holder's name where it listens, for whoever inspects the directory.
  void note_endpoints(const std::vector<std::string>& endpoints) const noexcept;

  /// Whether a database that is missing, or has no tables, may be made.
  bool may_create_database() const noexcept { return may_create_database_; }

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path database_path() const { return database_path(path_); }
  std::filesystem::path admin_socket_path() const { return admin_socket_path(path_); }
  /// A file that is there while the database is not trusted (soundness.h).
  std::filesystem::path distrust_path() const { return path_ / "latchkey.db-distrusted"; }

  static std::filesystem::path database_path(const std::filesystem::path& directory);
  static std::filesystem::path admin_socket_path(const std::filesystem::path& directory);
  static std::filesystem::path lock_path(const std::filesystem::path& directory);
  /// Where the key stands unless a setting says otherwise.
  static std::filesystem::path key_path(const std::filesystem::path& directory);

 private:
  DataDirectory(std::filesystem::path path, std::string holder, int directory, int lock) noexcept;

  std::filesystem::path path_;
  std::string holder_;
  bool may_create_database_ = false;
  int directory_;
  int lock_;
};

}  // namespace latchkey::store
