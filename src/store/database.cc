#include "latchkey/store/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/store/online_copy.h"

namespace latchkey::store {

namespace detail {

struct Connection {
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    copy.reset();
    for (auto& [sql, cached] : statements) {
      LATCHKEY_ASSERT(!cached.in_use);
      sqlite3_finalize(cached.handle);
    }
    if (handle != nullptr) sqlite3_close(handle);
  }

  std::string path;
  sqlite3* handle = nullptr;
  int log_pages = 0;
  std::unique_ptr<OnlineCopy> copy;
  std::uint64_t copies = 0;
  // Nodes of this map do not move, so a Statement may point to its own.
  std::unordered_map<std::string, CachedStatement> statements;
};

}  // namespace detail

namespace {

ErrorCode error_code(int status) noexcept {
  // The extended codes of a family share their low byte.
  switch (status) {
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
      // The kernel may have dropped the pages that it could not write, so no later fsync can be believed.
      return ErrorCode::kFatal;
    default:
      break;
  }
  switch (status & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kFatal;
    case SQLITE_CONSTRAINT:
      return ErrorCode::kConflict;
    default:
      return ErrorCode::kUnavailable;
  }
}

tl::unexpected<Error> sqlite_failure(const detail::Connection& connection, int status) {
  LATCHKEY_ASSERT((status & 0xff) != SQLITE_MISUSE && (status & 0xff) != SQLITE_RANGE);
  const ErrorCode code = error_code(status);
  if (code == ErrorCode::kFatal && connection.handle != nullptr) {
    // The last connection to close brings the log into the file. It goes by an index that still includes what
    // the log has lost. Without that, the next start reads the log itself and stops at the first incomplete
    // frame.
    sqlite3_db_config(connection.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  std::string text = fmt::format(
      "database {}: {} (SQLite code {}", connection.path,
      connection.handle != nullptr ? sqlite3_errmsg(connection.handle) : sqlite3_errstr(status), status);
  const int system_errno = connection.handle != nullptr ? sqlite3_system_errno(connection.handle) : 0;
  const int family = status & 0xff;
  if (system_errno != 0 && (family == SQLITE_IOERR || family == SQLITE_FULL || family == SQLITE_CANTOPEN)) {
    text += fmt::format(", {}", std::system_category().message(system_errno));
  }
  text += ')';
  return failure(code, std::move(text));
}

bool is_plain_in_uri(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
         c == '_' || c == '-';
}

/// Creates the file, because SQLite would make it readable for all. SQLite's log and index files take this
/// file's mode. An existing file is not opened: closing it would drop every lock that this process holds on
/// it through another connection (POSIX). The next program to read the file, such as a backup, would then
/// think itself the last one and remove the log that is still being written.
Result<void> create_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST) return {};
  if (file < 0) {
    return failure(ErrorCode::kUnavailable, fmt::format("database {}: cannot open or create it: {}", path,
                                                        std::system_category().message(errno)));
  }
  ::close(file);
  return {};
}

/// On a file system without shared memory, SQLite keeps its rollback journal and says so in a row.
Result<void> begin_log(Database& database) {
  LATCHKEY_TRY(Statement statement, database.prepare("PRAGMA journal_mode=WAL"));
  LATCHKEY_TRY(const bool row, statement.step());
  if (row && statement.text(0) == "wal") return {};
  return failure(
      ErrorCode::kUnavailable,
      fmt::format("database {}: its file system cannot hold a write-ahead log (SQLite keeps the journal "
                  "mode '{}'); put the data directory on a local disk",
                  database.path(), statement.text(0)));
}

int note_log_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      cached_(other.cached_),
      handle_(std::exchange(other.handle_, nullptr)),
      bind_status_(other.bind_status_) {}

Statement::~Statement() {
  if (handle_ == nullptr) return;
  if (cached_ == nullptr) {
    sqlite3_finalize(handle_);
    return;
  }
  reset();
  sqlite3_clear_bindings(handle_);
  cached_->in_use = false;
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  const int status = sqlite3_bind_int64(handle_, parameter, value);
  if (bind_status_ == SQLITE_OK) bind_status_ = status;
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL, but an empty text is a text.
  const char* const data = text.data() != nullptr ? text.data() : "";
  const int status =
      sqlite3_bind_text64(handle_, parameter, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (bind_status_ == SQLITE_OK) bind_status_ = status;
  return *this;
}

Statement& Statement::bind(int parameter, std::span<const std::uint8_t> blob) {
  const int status = sqlite3_bind_blob64(handle_, parameter, blob.data(), blob.size(), SQLITE_TRANSIENT);
  if (bind_status_ == SQLITE_OK) bind_status_ = status;
  return *this;
}

Result<bool> Statement::step() {
  if (bind_status_ != SQLITE_OK) return sqlite_failure(*connection_, bind_status_);
  const int status = sqlite3_step(handle_);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return sqlite_failure(*connection_, status);
}

Result<void> Statement::run() {
  for (;;) {
    LATCHKEY_TRY(const bool row, step());
    if (!row) return {};
  }
}

void Statement::reset() noexcept {
  sqlite3_reset(handle_);
  bind_status_ = SQLITE_OK;
}

std::int64_t Statement::integer(int column) const noexcept { return sqlite3_column_int64(handle_, column); }

std::string_view Statement::text(int column) const noexcept {
  const void* const data = sqlite3_column_text(handle_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::span<const std::uint8_t> Statement::blob(int column) const noexcept {
  const void* const data = sqlite3_column_blob(handle_, column);
  if (data == nullptr) return {};
  return {static_cast<const std::uint8_t*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

Database::Database(std::unique_ptr<detail::Connection> connection) noexcept
    : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& path, const DatabaseOptions& options) {
  if (options.may_create) {
    LATCHKEY_TRY(create_private_file(path));
  }
  auto connection = std::make_unique<detail::Connection>();
  connection->path = path;
  const int status =
      sqlite3_open_v2(path.c_str(), &connection->handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, options.vfs);
  if (status != SQLITE_OK) return sqlite_failure(*connection, status);
  sqlite3_busy_timeout(connection->handle, options.busy_timeout_ms);
  // Keeps a tampered file from running its own SQL in triggers or views.
  sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);

  Database database(std::move(connection));
  // locking_mode stays NORMAL, so that a backup can read beside a running server. The data directory's lock
  // keeps out a second server.
  Result<void> configured = database.execute(
      "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON;"
      "PRAGMA journal_size_limit=67108864;");
  if (configured) configured = begin_log(database);
  if (!configured) {
    Error error = std::move(configured.error());
    // This is the first look at the file. It never was a database of ours, so no database has been lost.
    if (sqlite3_errcode(database.connection_->handle) == SQLITE_NOTADB) error.code = ErrorCode::kInvalid;
    return tl::unexpected(std::move(error));
  }
  const int checkpointed = sqlite3_wal_checkpoint_v2(database.connection_->handle, nullptr,
                                                     SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (checkpointed != SQLITE_OK) return sqlite_failure(*database.connection_, checkpointed);
  // Replaces SQLite's own hook, which does its automatic checkpoint.
  sqlite3_wal_hook(database.connection_->handle, note_log_pages, &database.connection_->log_pages);
  return database;
}

Result<Database> Database::open_to_look(const std::string& path, const std::string& shown) {
  std::error_code error;
  const std::uintmax_t log_bytes = std::filesystem::file_size(path + "-wal", error);
  const bool has_log = !error && log_bytes > 0;
  if (has_log && !std::filesystem::exists(path + "-shm", error)) {
    return failure(ErrorCode::kNotFound,
                   fmt::format("database {}: its log has no index; the next start makes one", path));
  }
  std::string uri = "file:";
  for (const char c : path)
    uri += is_plain_in_uri(c) ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  // Without a log, the file is complete. With one, its index is read as it is or rebuilt in memory.
  uri += has_log ? "?readonly_shm=1" : "?immutable=1";
  auto connection = std::make_unique<detail::Connection>();
  connection->path = shown.empty() ? path : shown;
  const int status = sqlite3_open_v2(
      uri.c_str(), &connection->handle,
      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (status != SQLITE_OK) return sqlite_failure(*connection, status);
  sqlite3_busy_timeout(connection->handle, DatabaseOptions{}.busy_timeout_ms);
  sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return Database(std::move(connection));
}

Result<void> Database::execute(const char* sql) {
  const int status = sqlite3_exec(connection_->handle, sql, nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return sqlite_failure(*connection_, status);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  detail::CachedStatement* cached = nullptr;
  if (const auto found = connection_->statements.find(std::string(sql));
      found != connection_->statements.end()) {
    cached = &found->second;
    if (!cached->in_use) {
      cached->in_use = true;
      return Statement(*connection_, cached, cached->handle);
    }
  }
  const bool keep = cached == nullptr && connection_->statements.size() < kMaxCachedStatements;
  sqlite3_stmt* handle = nullptr;
  const int status =
      sqlite3_prepare_v3(connection_->handle, sql.data(), static_cast<int>(sql.size()),
                         keep ? static_cast<unsigned>(SQLITE_PREPARE_PERSISTENT) : 0U, &handle, nullptr);
  if (status != SQLITE_OK) return sqlite_failure(*connection_, status);
  if (!keep) return Statement(*connection_, nullptr, handle);
  cached = &connection_->statements.emplace(sql, detail::CachedStatement{handle, true}).first->second;
  return Statement(*connection_, cached, handle);
}

Result<std::int64_t> Database::query_integer(std::string_view sql) {
  LATCHKEY_TRY(Statement statement, prepare(sql));
  LATCHKEY_TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

std::int64_t Database::last_row() const noexcept { return sqlite3_last_insert_rowid(connection_->handle); }
std::int64_t Database::changes() const noexcept { return sqlite3_changes64(connection_->handle); }
bool Database::in_transaction() const noexcept { return sqlite3_get_autocommit(connection_->handle) == 0; }
int Database::log_pages() const noexcept { return connection_->log_pages; }
const std::string& Database::path() const noexcept { return connection_->path; }
std::unique_ptr<OnlineCopy>& Database::copy() noexcept { return connection_->copy; }
std::uint64_t Database::next_copy() noexcept { return ++connection_->copies; }
sqlite3* Database::handle() noexcept { return connection_->handle; }

Result<void> Database::checkpoint() {
  int log_pages = 0;
  int moved_pages = 0;
  const int status = sqlite3_wal_checkpoint_v2(connection_->handle, nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                               &log_pages, &moved_pages);
  if (status != SQLITE_OK) return sqlite_failure(*connection_, status);
  // Once the log is wholly in the file, the next commit writes it from its start again.
  if (log_pages == moved_pages) connection_->log_pages = 0;
  return {};
}

Result<Transaction> Transaction::begin(Database& database) {
  LATCHKEY_TRY(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ == nullptr || !database_->in_transaction()) return;
  // A rollback touches nothing that was committed. If it fails too, the connection reports that at its next
  // use.
  static_cast<void>(database_->execute("ROLLBACK"));
}

Result<void> Transaction::commit() {
  Result<void> committed = database_->execute("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace latchkey::store
