// A thin owner of one SQLite connection and its prepared statements. Errors are values and columns are typed;
// nothing else is hidden.
// Thread: one at a time. One object at a time owns it: start-up, then the store's thread, or the command.
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

class OnlineCopy;

/// The most prepared statements that a connection keeps. The program has fewer texts than that.
inline constexpr std::size_t kMaxCachedStatements = 64;

namespace detail {
struct Connection;
struct CachedStatement {
  sqlite3_stmt* handle = nullptr;
  bool in_use = false;
};
}  // namespace detail

/// A prepared statement on loan from its Database. Destruction gives it back, reset and with its parameters
/// cleared.
/// Lifetime: the Database must outlive it.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  /// Parameters count from 1 and are copied. An error that SQLite reports here shows at the next `step`.
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, std::span<const std::uint8_t> blob);

  /// Returns true if a row is ready, false if there are no more.
  Result<bool> step();

  /// Steps to the end and drops any rows.
  Result<void> run();

  /// Makes the statement ready to be bound and stepped again.
  void reset() noexcept;

  /// Columns count from 0.
  /// Lifetime: views are valid until the next step, reset or destruction.
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
  int busy_timeout_ms = 2000;  ///< how long to wait for another process's lock (a backup)
  const char* vfs = nullptr;   ///< the name of an SQLite file layer; tests inject faults through it
  bool may_create = true;      ///< make the file if it is missing, and its tables if it has none
};

class Database {
 public:
  /// Opens the file at `path` with a write-ahead log and synchronous=FULL: a COMMIT that succeeds has been
  /// fsynced. Creates the file (mode 0600) if it may. First brings the existing log into the file, so that
  /// nothing a crashed process wrote but did not sync passes for durable.
  /// Errors: kUnavailable, kFatal.
  static Result<Database> open(const std::string& path, const DatabaseOptions& options = {});

  /// Opens the file for reading and changes nothing, whether or not another process works on it: it brings in
  /// no log and makes no file beside it.
  /// `shown` is the name that errors show, if it is not `path`.
  /// Errors: kNotFound if SQLite cannot do that, because a log was left without its index.
  static Result<Database> open_to_look(const std::string& path, const std::string& shown = {});

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// Runs one or more statements without parameters or result rows.
  Result<void> execute(const char* sql);

  /// The statement for `sql`, which is prepared once and kept.
  Result<Statement> prepare(std::string_view sql);

  /// Prepares `sql`, steps once and returns the first column, or 0 if there is no row.
  Result<std::int64_t> query_integer(std::string_view sql);

  std::int64_t last_row() const noexcept;
  /// The number of rows changed by the last INSERT, UPDATE or DELETE.
  std::int64_t changes() const noexcept;
  /// Also false after an error on which SQLite rolled back the whole transaction.
  bool in_transaction() const noexcept;

  /// The number of pages in the write-ahead log after the last commit.
  int log_pages() const noexcept;
  /// Brings the log's pages into the file as far as other readers allow. SQLite's automatic checkpoint is
  /// off, because it hides a failed fsync.
  /// Errors: kFatal after a failed fsync.
  Result<void> checkpoint();

  const std::string& path() const noexcept;

  /// For the functions of online_copy.h: the copy that is under way, the number of the next, and what SQLite
  /// copies from.
  std::unique_ptr<OnlineCopy>& copy() noexcept;
  std::uint64_t next_copy() noexcept;
  sqlite3* handle() noexcept;

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
