// The directory that holds everything a server keeps: database, key file and admin socket. The process that
// works in it owns it from start to end. Its lock keeps out a second server and the offline command.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/result.h"

namespace latchkey::store {

struct DirectoryOptions {
  /// Whether to make what is missing: the directory (mode 0700, without its parents) and a database in it.
  bool create = false;
  /// Where the key is, as far as that is known. A key in the directory itself shows that it once had a
  /// database.
  std::filesystem::path key_file{};
  /// Whether a database is about to be put there: whatever stands in its place is no error.
  bool for_restore = false;
};

/// What a data directory contains. Finding out changes, makes and locks nothing.
struct DirectoryFindings {
  bool directory = false;            ///< the directory exists
  bool database = false;             ///< and so does a database, judging by its size
  bool may_create_database = false;  ///< as in DataDirectory
  /// Who holds the lock, for instance `latchkeyd (pid 7)`; empty if nobody does.
  std::string holder;
  /// Where the holder says that it listens.
  std::vector<std::string> endpoints;
};

class DataDirectory {
 public:
  /// Takes the lock without waiting, once the directory passes `inspect`. Makes what is missing, if it may.
  /// `holder` is this program's name: the next process to be refused reads it in the error.
  /// Errors: as for `inspect`; kConflict if somebody else holds the lock.
  static Result<DataDirectory> open(const std::filesystem::path& path, std::string_view holder,
                                    const DirectoryOptions& options = {});

  /// Checks whether a server could work here.
  /// Errors: kNotFound if the directory or its database is missing and may not be made; kInvalid if it is in
  /// no state to work in; kUnavailable if the system refused. Each text says what to do.
  static Result<DirectoryFindings> inspect(const std::filesystem::path& path,
                                           const DirectoryOptions& options = {});

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  /// Makes the names of files created in the directory durable.
  /// Errors: kFatal if the fsync fails.
  Result<void> sync() const;

  /// Writes where the holder listens beside its name, for whoever inspects the directory.
  void note_endpoints(const std::vector<std::string>& endpoints) const noexcept;

  /// Whether a database may be made if it is missing or has no tables.
  bool may_create_database() const noexcept { return may_create_database_; }

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path database_path() const { return database_path(path_); }
  std::filesystem::path admin_socket_path() const { return admin_socket_path(path_); }
  /// This file exists while the database is not trusted (soundness.h).
  std::filesystem::path distrust_path() const { return path_ / "latchkey.db-distrusted"; }

  static std::filesystem::path database_path(const std::filesystem::path& directory);
  static std::filesystem::path admin_socket_path(const std::filesystem::path& directory);
  static std::filesystem::path lock_path(const std::filesystem::path& directory);
  /// Where the key is unless a setting says otherwise.
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
