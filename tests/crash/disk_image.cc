#include "crash/disk_image.h"

#include <sqlite3.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace latchkey::test {

namespace {

using Row = std::function<void(sqlite3_stmt*)>;

/// Another process may be recovering the log, or writing it from its start.
constexpr int kBusyTimeoutMs = 10'000;

std::string text_of(sqlite3_stmt* row, int column) {
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
  return bytes == nullptr ? std::string()
                          : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, column)));
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) {
    if (sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) fail("open");
    sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
  }
  ~Reader() { sqlite3_close(handle_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void for_each(const char* sql, const Row& visit) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr) != SQLITE_OK) fail(sql);
    int status = sqlite3_step(statement);
    for (; status == SQLITE_ROW; status = sqlite3_step(statement)) visit(statement);
    sqlite3_finalize(statement);
    if (status != SQLITE_DONE) fail(sql);
  }

 private:
  [[noreturn]] void fail(const char* what) {
    throw std::runtime_error(std::string("the database left on disk: ") + what + ": " +
                             sqlite3_errmsg(handle_));
  }

  sqlite3* handle_ = nullptr;
};

SessionRow session_of(sqlite3_stmt* row) {
  return {.row = sqlite3_column_int64(row, 0),
          .created_ms = sqlite3_column_int64(row, 1),
          .last_used_ms = sqlite3_column_int64(row, 2),
          .death = sqlite3_column_int(row, 3),
          .died_ms = sqlite3_column_int64(row, 4)};
}

/// Removes the old copy first, so that no copy meets the log of another.
void copy_database(const std::filesystem::path& data, const std::filesystem::path& copy) {
  constexpr std::string_view kEndings[] = {"", "-wal", "-shm"};
  for (const std::string_view ending : kEndings) {
    std::filesystem::remove(copy.string().append(ending));
    // SQLite rebuilds the index in shared memory from the log.
    const std::filesystem::path original = (data / "latchkey.db").string().append(ending);
    if (ending == "-shm" || !std::filesystem::exists(original)) continue;
    std::filesystem::copy_file(original, copy.string().append(ending));
  }
}

}  // namespace

DiskImage read_disk_image(const std::filesystem::path& data, const std::filesystem::path& scratch) {
  DiskImage image;
  if (!std::filesystem::exists(data / "latchkey.db")) return image;
  copy_database(data, scratch);
  Reader copy(scratch);
  std::int64_t tables = 0;
  copy.for_each("SELECT count(*) FROM sqlite_schema WHERE name IN ('sessions', 'meta')",
                [&tables](sqlite3_stmt* row) { tables = sqlite3_column_int64(row, 0); });
  copy.for_each("PRAGMA integrity_check", [&image](sqlite3_stmt* row) {
    if (text_of(row, 0) != "ok") image.damages.push_back(text_of(row, 0));
  });
  copy.for_each("PRAGMA foreign_key_check", [&image](sqlite3_stmt* row) {
    image.damages.push_back("foreign key of " + text_of(row, 0));
  });
  if (tables != 2) return image;
  copy.for_each("SELECT value FROM meta WHERE key = 'clean_stop'",
                [&image](sqlite3_stmt* row) { image.ended_in_order = sqlite3_column_int64(row, 0) == 1; });
  copy.for_each("SELECT row, created_ms, last_used_ms, death, died_ms, agent FROM sessions ORDER BY row",
                [&image](sqlite3_stmt* row) { image.sessions[text_of(row, 5)] = session_of(row); });
  return image;
}

std::int64_t last_use_on_disk(const std::filesystem::path& data, const std::string& agent) {
  std::int64_t last_used_ms = 0;
  Reader database(data / "latchkey.db");
  database.for_each("SELECT last_used_ms, agent FROM sessions", [&](sqlite3_stmt* row) {
    if (text_of(row, 1) == agent) last_used_ms = sqlite3_column_int64(row, 0);
  });
  return last_used_ms;
}

}  // namespace latchkey::test
