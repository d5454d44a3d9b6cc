// A thin owner of one SQLite connection and of its prepared statements: errors are values, columns are typed,
// nothing else is hidden. Owned by one object at a time (start-up, then the store thread, or the command);
// one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "latchkey/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace latchkey::store {

/// Prepared statements that a connection keeps; the program has fewer texts than that.
inline constexpr std::size_t kMaxCachedStatements = 64;

namespace detail {
struct Connection;
struct CachedStatement {
  sqlite3_stmt* handle = nullptr;
  bool in_use = false;
};
}  // namespace detail

/// A prepared statement on loan from its Database, which it must not outlive. Given back (reset, parameters
/// cleared) on destruction.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  /// Parameters count from 1 and are copied. What SQLite refuses here shows at the next `step`.
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, std::span<const std::uint8_t> blob);

  /// True: a row stands ready. False: done.
  Result<bool> step();

  /// Steps to the end and drops what rows there are.
  Result<void> run();

  /// Makes the statement ready to be bound and stepped again.
  void reset() noexcept;

  /// Columns count from 0. Views hold until the next step, reset or destruction.
  std::int64_t integer(int column) const noexcept;
  std::string_view text(int column) const noexcept;
  std::span<const std::uint8_t> blob(int column) const noexcept;

 private:
  friend class Database;
  Statement(detail::Connection& connection, detail::CachedStatement* cached, sqlite3_stmt* handle) noexcept
      : connection_(&connection), cached_(cached), handle_(handle) {}

  detail::Connection* connection_;
  detail::CachedStatement* cached_;  ///< null: this object owns the handle
  sqlite3_stmt* handle_;
  int bind_status_ = 0;
};

struct DatabaseOptions {
  int busy_timeout_ms = 2000;  ///< how long a lock of another process (a backup) is waited for
  const char* vfs = nullptr;   ///< SQLite's name of a file layer; tests inject faults through it
  bool may_create = true;      ///< make the file where it is missing, its tables where it has none
};

class Database {
 public:
  /// Opens or, if it may, creates (mode 0600) the file at `path` with write-ahead log, synchronous=FULL: a
  /// COMMIT that succeeds has been fsynced. What the log already holds is brought into the file first, so
  /// that nothing that a crashed process wrote but did not sync is taken for durable. Errors: kUnavailable,
  /// kFatal.
  static Result<Database> open(const std::string& path, const DatabaseOptions& options = {});

  /// Opens the file to read it, and changes nothing: no log is brought in, and no file made beside it,
  /// whether another process works on it or none. Error kNotFound where SQLite cannot do that: there is a log
  /// that was left without its index.
  static Result<Database> open_to_look(const std::string& path);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// Runs one or more statements that give no rows and take no parameters.
  Result<void> execute(const char* sql);

  /// The statement for `sql`, prepared once and kept.
  Result<Statement> prepare(std::string_view sql);

  /// Prepares `sql`, steps once and gives the first column, 0 where there is no row.
  Result<std::int64_t> query_integer(std::string_view sql);

  std::int64_t last_row() const noexcept;
  /// Rows changed by the last INSERT, UPDATE or DELETE.
  std::int64_t changes() const noexcept;
  /// False again after an error by which SQLite rolled the whole transaction back.
  bool in_transaction() const noexcept;

  /// Pages in the write-ahead log after the last commit.
  int log_pages() const noexcept;
  /// Brings the log's pages into the file as far as other readers allow. SQLite's own automatic checkpoint is
  /// off, because it hides a failed fsync. Error kFatal after one.
  Result<void> checkpoint();

  const std::string& path() const noexcept;

 private:
  explicit Database(std::unique_ptr<detail::Connection> connection) noexcept;
  std::unique_ptr<detail::Connection> connection_;
};

/// A transaction that rolls back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Result<void> commit();

 private:
  explicit Transaction(Database& database) noexcept : database_(&database) {}
  Database* database_;
};

}  // namespace latchkey::store
