// OnlineCopy: a copy of the database that is made in steps while the database is written to. Each step is
// between two commits, and a commit changes what is already copied as well (SQLite's online backup from the
// connection that writes). The copy is a file beside the database that has no name any more: it ends with its
// reader, and a crash leaves nothing.
// Thread: the Database's. A Database has one copy at most; it ends with the Database.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "latchkey/base/result.h"

struct sqlite3;

namespace latchkey::store {

class Database;

/// Pages that one step copies: some tenths of a millisecond, which is all that a commit waits for.
inline constexpr int kCopiedPagesPerStep = 64;
/// Bytes of the copy that one read returns.
inline constexpr std::size_t kCopyBytesPerRead = std::size_t{256} << 10;
/// What the disk must have room for beyond the copy, before one begins.
inline constexpr std::int64_t kRoomBesideCopy = std::int64_t{64} << 20;

/// A copy that nobody has used for so long gives way to another.
inline constexpr std::chrono::seconds kCopyLease{60};

struct CopyProgress {
  std::uint64_t number = 0;  ///< tells this copy from those before it
  std::int64_t pages = 0;    ///< of the database; 0 before the first step
  std::int64_t left = 0;     ///< of them, those that are not copied yet
  bool is_whole = false;
};

class OnlineCopy {
 public:
  /// Makes the file `path` for the copy of `source` and takes its name away.
  /// Errors: kUnavailable, also if the disk has too little room.
  static Result<std::unique_ptr<OnlineCopy>> begin(sqlite3* source, const std::string& path,
                                                   std::uint64_t number);
  OnlineCopy(const OnlineCopy&) = delete;
  OnlineCopy& operator=(const OnlineCopy&) = delete;
  ~OnlineCopy();

  /// Requires: no transaction is open.
  /// Errors: kUnavailable; the copy is of no use then.
  Result<CopyProgress> step();

  /// Bytes of the whole copy from `offset`; none behind its end.
  /// Errors: kConflict if it is not whole yet; kUnavailable.
  Result<std::string> read(std::int64_t offset);

  std::uint64_t number() const noexcept { return number_; }
  bool is_in_use() const noexcept { return std::chrono::steady_clock::now() - used_ < kCopyLease; }

 private:
  struct Parts;
  OnlineCopy(std::unique_ptr<Parts> parts, std::uint64_t number);

  Result<void> complete();

  std::unique_ptr<Parts> parts_;
  const std::uint64_t number_;
  std::int64_t steps_left_ = 0;
  std::chrono::steady_clock::time_point used_ = std::chrono::steady_clock::now();
};

/// The same for the one copy of a database, by its number. A new one is refused while another is under way.
/// Errors: kConflict if another is under way; kNotFound if the copy of this number has ended; those above,
/// which end the copy.
Result<CopyProgress> begin_copy(Database& database);
Result<CopyProgress> copy_some(Database& database, std::uint64_t number);
Result<std::string> read_copy(Database& database, std::uint64_t number, std::int64_t offset);
/// It is no error if there is none of this number.
void end_copy(Database& database, std::uint64_t number) noexcept;

}  // namespace latchkey::store
