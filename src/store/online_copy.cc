#include "latchkey/store/online_copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "latchkey/store/database.h"

namespace latchkey::store {

namespace {

/// Where SQLite's file header has the versions that a writer and a reader must know: 2 for a file with a
/// write-ahead log, 1 for one without.
constexpr off_t kVersionsInHeader = 18;
constexpr std::uint8_t kVersionsWithoutLog[] = {1, 1};

/// A group that the disk refuses begins the copy anew. So often is enough.
constexpr std::int64_t kMostBeginnings = 16;

tl::unexpected<Error> cannot(const std::string& path, std::string_view what) {
  return failure(
      ErrorCode::kUnavailable,
      fmt::format("the backup's copy {} beside the database: {}; it needs as much room there as the database "
                  "has and {} MiB more, until it is handed over",
                  path, what, kRoomBesideCopy >> 20));
}

tl::unexpected<Error> cannot(const std::string& path, int error) {
  return cannot(path, std::system_category().message(error));
}

/// Whether the disk has room for so many bytes. Keeps none of it.
bool has_room(int file, std::int64_t bytes) noexcept {
  const bool is_full = ::fallocate(file, FALLOC_FL_KEEP_SIZE, 0, bytes) != 0 && errno == ENOSPC;
  // Gives back what was reserved.
  return ::ftruncate(file, 0) == 0 && !is_full;
}

}  // namespace

struct OnlineCopy::Parts {
  explicit Parts(std::string name) : path(std::move(name)) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() {
    close_target();
    if (file >= 0) ::close(file);
  }
  void close_target() noexcept {
    if (backup != nullptr) sqlite3_backup_finish(std::exchange(backup, nullptr));
    if (target != nullptr) sqlite3_close(std::exchange(target, nullptr));
  }

  std::string path;
  int file = -1;
  sqlite3* target = nullptr;
  sqlite3_backup* backup = nullptr;  ///< null once the copy is whole
};

OnlineCopy::OnlineCopy(std::unique_ptr<Parts> parts, std::uint64_t number)
    : parts_(std::move(parts)), number_(number) {}

OnlineCopy::~OnlineCopy() = default;

Result<std::unique_ptr<OnlineCopy>> OnlineCopy::begin(sqlite3* source, const std::string& path,
                                                      std::uint64_t number) {
  auto parts = std::make_unique<Parts>(path);
  // What a crash left, between its making and the loss of its name.
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return cannot(path, errno);
  parts->file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (parts->file < 0) return cannot(path, errno);
  const int status =
      sqlite3_open_v2(path.c_str(), &parts->target,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  // Nobody needs the copy after a crash: no journal, no sync. Whoever reads it syncs what is made of it.
  const bool is_open =
      status == SQLITE_OK && sqlite3_exec(parts->target, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF",
                                          nullptr, nullptr, nullptr) == SQLITE_OK;
  const int unlinked = ::unlink(path.c_str());
  if (!is_open) return cannot(path, sqlite3_errstr(status));
  if (unlinked != 0) return cannot(path, errno);
  struct stat size {};
  const char* const database = sqlite3_db_filename(source, "main");
  if (database == nullptr || ::stat(database, &size) != 0) return cannot(path, errno);
  if (!has_room(parts->file, size.st_size + kRoomBesideCopy)) {
    return cannot(path, "the disk has too little room");
  }
  parts->backup = sqlite3_backup_init(parts->target, "main", source, "main");
  if (parts->backup == nullptr) return cannot(path, sqlite3_errmsg(parts->target));
  return std::unique_ptr<OnlineCopy>(new OnlineCopy(std::move(parts), number));
}

Result<CopyProgress> OnlineCopy::step() {
  used_ = std::chrono::steady_clock::now();
  if (parts_->backup == nullptr) return CopyProgress{.number = number_, .is_whole = true};
  const int status = sqlite3_backup_step(parts_->backup, kCopiedPagesPerStep);
  if (status != SQLITE_OK && status != SQLITE_DONE) return cannot(parts_->path, sqlite3_errstr(status));
  CopyProgress progress{.number = number_,
                        .pages = sqlite3_backup_pagecount(parts_->backup),
                        .left = sqlite3_backup_remaining(parts_->backup),
                        .is_whole = status == SQLITE_DONE};
  if (progress.is_whole) {
    LATCHKEY_TRY(complete());
    return progress;
  }
  if (steps_left_ == 0) steps_left_ = kMostBeginnings * (progress.pages / kCopiedPagesPerStep + 1);
  if (--steps_left_ == 0) return cannot(parts_->path, "the disk refused too many commits meanwhile");
  return progress;
}

/// The copy is no longer changed by commits, and says that it has no log: whoever opens it makes no file
/// beside it.
Result<void> OnlineCopy::complete() {
  const int finished = sqlite3_backup_finish(std::exchange(parts_->backup, nullptr));
  parts_->close_target();
  if (finished != SQLITE_OK) return cannot(parts_->path, sqlite3_errstr(finished));
  if (::pwrite(parts_->file, kVersionsWithoutLog, sizeof kVersionsWithoutLog, kVersionsInHeader) !=
      sizeof kVersionsWithoutLog) {
    return cannot(parts_->path, errno);
  }
  return {};
}

Result<std::string> OnlineCopy::read(std::int64_t offset) {
  used_ = std::chrono::steady_clock::now();
  if (parts_->backup != nullptr) return failure(ErrorCode::kConflict, "the backup's copy is not whole yet");
  std::string bytes(kCopyBytesPerRead, '\0');
  const ssize_t got = ::pread(parts_->file, bytes.data(), bytes.size(), offset);
  if (got < 0) return cannot(parts_->path, errno);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

namespace {

Result<OnlineCopy*> find_copy(Database& database, std::uint64_t number) {
  OnlineCopy* const copy = database.copy().get();
  if (copy != nullptr && copy->number() == number) return copy;
  return failure(ErrorCode::kNotFound, "this backup has ended: begin another");
}

/// Ends a copy that is of no use.
template <class T>
Result<T> end_if_refused(Database& database, Result<T> outcome) {
  if (!outcome) database.copy().reset();
  return outcome;
}

}  // namespace

Result<CopyProgress> begin_copy(Database& database) {
  if (database.copy() != nullptr && database.copy()->is_in_use()) {
    return failure(ErrorCode::kConflict, "another backup is under way: wait for its end, and try again");
  }
  database.copy().reset();
  const std::uint64_t number = database.next_copy();
  LATCHKEY_TRY(database.copy(), OnlineCopy::begin(database.handle(), database.path() + "-copy", number));
  return CopyProgress{.number = number};
}

Result<CopyProgress> copy_some(Database& database, std::uint64_t number) {
  LATCHKEY_TRY(OnlineCopy* const copy, find_copy(database, number));
  return end_if_refused(database, copy->step());
}

Result<std::string> read_copy(Database& database, std::uint64_t number, std::int64_t offset) {
  LATCHKEY_TRY(OnlineCopy* const copy, find_copy(database, number));
  return end_if_refused(database, copy->read(offset));
}

void end_copy(Database& database, std::uint64_t number) noexcept {
  if (find_copy(database, number)) database.copy().reset();
}

}  // namespace latchkey::store
