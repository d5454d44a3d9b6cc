#include "latchkey/store/database.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "faulty_vfs.h"
#include "latchkey/base/assert.h"
#include "support/temporary_directory.h"

namespace latchkey::store {
namespace {

using test::TemporaryDirectory;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

Database numbers(const std::string& path, const DatabaseOptions& options = {}) {
  Result<Database> database = Database::open(path, options);
  LATCHKEY_ASSERT(database.has_value());
  LATCHKEY_ASSERT(database->execute("CREATE TABLE t(n INTEGER UNIQUE, x TEXT, b BLOB) STRICT").has_value());
  return std::move(*database);
}

TEST(Database, CreatesItsFilesForTheirOwnerAlone) {
  const TemporaryDirectory scratch;
  const Database database = numbers(scratch / "a.db");
  EXPECT_EQ(mode_of(scratch / "a.db"), mode_t{0600});
  EXPECT_EQ(mode_of(scratch / "a.db-wal"), mode_t{0600});
}

TEST(Database, CommitsDurablyToAWriteAheadLog) {
  const TemporaryDirectory scratch;
  Database database = numbers(scratch / "a.db");
  EXPECT_EQ(*database.query_integer("PRAGMA synchronous"), 2);
  EXPECT_EQ(*database.query_integer("PRAGMA foreign_keys"), 1);
  EXPECT_TRUE(std::filesystem::exists(scratch / "a.db-wal"));
}

TEST(Statement, GivesBackWhatWasBoundByteForByte) {
  const TemporaryDirectory scratch;
  Database database = numbers(scratch / "a.db");
  const std::string text("a\0\xc3\xa4", 4);
  const std::array<std::uint8_t, 3> blob = {0, 255, 7};
  {
    Result<Statement> insert = database.prepare("INSERT INTO t VALUES(?1, ?2, ?3)");
    ASSERT_TRUE(insert.has_value());
    ASSERT_TRUE(insert->bind(1, std::int64_t{-5}).bind(2, text).bind(3, blob).run().has_value());
  }
  Result<Statement> select = database.prepare("SELECT n, x, b FROM t");
  ASSERT_TRUE(select.has_value());
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->integer(0), -5);
  EXPECT_EQ(select->text(1), text);
  EXPECT_EQ(std::vector<std::uint8_t>(select->blob(2).begin(), select->blob(2).end()),
            std::vector<std::uint8_t>(blob.begin(), blob.end()));
  EXPECT_FALSE(select->step().value());
}

TEST(Statement, BindsAnEmptyTextAsATextAndNotAsNull) {
  const TemporaryDirectory scratch;
  Database database = numbers(scratch / "a.db");
  Result<Statement> insert = database.prepare("INSERT INTO t VALUES(1, ?1, x'')");
  ASSERT_TRUE(insert->bind(1, std::string_view()).run().has_value());
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM t WHERE x = ''"), 1);
}

TEST(Statement, LentTwiceAtOnceDoesNotDisturbTheFirst) {
  const TemporaryDirectory scratch;
  Database database = numbers(scratch / "a.db");
  ASSERT_TRUE(database.execute("INSERT INTO t(n) VALUES(1), (2), (3)").has_value());
  Result<Statement> outer = database.prepare("SELECT n FROM t ORDER BY n");
  ASSERT_TRUE(outer->step().value());
  {
    Result<Statement> inner = database.prepare("SELECT n FROM t ORDER BY n");
    ASSERT_TRUE(inner->step().value());
    EXPECT_EQ(inner->integer(0), 1);
  }
  ASSERT_TRUE(outer->step().value());
  EXPECT_EQ(outer->integer(0), 2);
}

TEST(Statement, ForgetsItsParametersWhenGivenBack) {
  const TemporaryDirectory scratch;
  Database database = numbers(scratch / "a.db");
  {
    Result<Statement> first = database.prepare("SELECT ?1 IS NULL");
    first->bind(1, std::int64_t{1});
    ASSERT_TRUE(first->step().value());
    EXPECT_EQ(first->integer(0), 0);
  }
  Result<Statement> second = database.prepare("SELECT ?1 IS NULL");
  ASSERT_TRUE(second->step().value());
  EXPECT_EQ(second->integer(0), 1);
}

TEST(Database, CallsABrokenConstraintAConflict) {
  const TemporaryDirectory scratch;
  Database database = numbers(scratch / "a.db");
  ASSERT_TRUE(database.execute("INSERT INTO t(n) VALUES(1)").has_value());
  const Result<void> again = database.execute("INSERT INTO t(n) VALUES(1)");
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
}

TEST(Database, RefusesAFileThatIsNoDatabase) {
  const TemporaryDirectory scratch;
  std::ofstream(scratch / "a.db") << std::string(4096, 'x');
  const Result<Database> database = Database::open(scratch / "a.db");
  ASSERT_FALSE(database.has_value());
  EXPECT_EQ(database.error().code, ErrorCode::kInvalid);
  EXPECT_NE(database.error().text.find(scratch / "a.db"), std::string::npos) << database.error().text;
}

TEST(Database, CallsAMissingDirectoryUnavailableAndNamesTheFile) {
  const TemporaryDirectory scratch;
  const Result<Database> database = Database::open(scratch / "none/a.db");
  ASSERT_FALSE(database.has_value());
  EXPECT_EQ(database.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(database.error().text.find("No such file or directory"), std::string::npos)
      << database.error().text;
}

TEST(Database, CallsALockOfAnotherProcessUnavailable) {
  const TemporaryDirectory scratch;
  Database holder = numbers(scratch / "a.db");
  Result<Database> other = Database::open(scratch / "a.db", {.busy_timeout_ms = 1});
  ASSERT_TRUE(other.has_value());
  Result<Transaction> held = Transaction::begin(holder);
  ASSERT_TRUE(held.has_value());
  const Result<Transaction> refused = Transaction::begin(*other);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
}

TEST(Database, CallsAFullDiskUnavailableAndAFailedFsyncFatal) {
  const TemporaryDirectory scratch;
  FaultyVfs vfs;
  Database database = numbers(scratch / "a.db", {.vfs = FaultyVfs::name()});
  vfs.fail_writes("-wal", SQLITE_FULL);
  Result<void> written = database.execute("INSERT INTO t(n) VALUES(1)");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, ErrorCode::kUnavailable);
  vfs.heal();
  EXPECT_TRUE(database.execute("INSERT INTO t(n) VALUES(1)").has_value());
  vfs.fail_syncs("-wal", SQLITE_IOERR_FSYNC);
  written = database.execute("INSERT INTO t(n) VALUES(2)");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, ErrorCode::kFatal);
}

TEST(Database, ShowsAFailedFsyncOfACheckpoint) {
  const TemporaryDirectory scratch;
  FaultyVfs vfs;
  Database database = numbers(scratch / "a.db", {.vfs = FaultyVfs::name()});
  ASSERT_GT(database.log_pages(), 0);
  vfs.fail_syncs("a.db", SQLITE_IOERR_FSYNC);
  const Result<void> failed = database.checkpoint();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::kFatal);
  vfs.heal();
  EXPECT_TRUE(database.checkpoint().has_value());
  EXPECT_EQ(database.log_pages(), 0);
}

TEST(Database, SyncsWhatACrashedProcessLeftInTheLogBeforeItIsRead) {
  const TemporaryDirectory scratch;
  FaultyVfs vfs;
  {
    // A copy of the log while the connection is open is what a kill -9 leaves.
    const Database crashed = numbers(scratch / "a.db", {.vfs = FaultyVfs::name()});
    std::filesystem::copy_file(scratch / "a.db", scratch / "b.db");
    std::filesystem::copy_file(scratch / "a.db-wal", scratch / "b.db-wal");
  }
  ASSERT_GT(std::filesystem::file_size(scratch / "b.db-wal"), 0U);
  Result<Database> opened = Database::open(scratch / "b.db", {.vfs = FaultyVfs::name()});
  ASSERT_TRUE(opened.has_value());
  EXPECT_GT(vfs.syncs("b.db-wal"), 0);
  EXPECT_GT(vfs.syncs("b.db"), 0);
  EXPECT_EQ(std::filesystem::file_size(scratch / "b.db-wal"), 0U);
  EXPECT_TRUE(opened->query_integer("SELECT count(*) FROM t").has_value());
}

TEST(Database, DoesNotBringALogIntoTheFileThatASyncHasFailedFor) {
  const TemporaryDirectory scratch;
  FaultyVfs vfs;
  {
    Database database = numbers(scratch / "a.db", {.vfs = FaultyVfs::name()});
    vfs.fail_syncs("-wal", SQLITE_IOERR_FSYNC);
    ASSERT_FALSE(database.execute("INSERT INTO t(n) VALUES(1)").has_value());
    vfs.heal();
  }
  EXPECT_TRUE(std::filesystem::exists(scratch / "a.db-wal"))
      << "closing it has brought the log into the file";
}

/// Another program that reads a database when told to, as a backup does: it opens, reads and closes it. It
/// must exist before the database is opened: SQLite keeps in memory which locks its process holds, and a fork
/// would inherit that.
class Reader {
 public:
  explicit Reader(const std::string& path) {
    LATCHKEY_ASSERT(::pipe(told_) == 0);
    pid_ = ::fork();
    if (pid_ != 0) return;
    char go = 0;
    sqlite3* handle = nullptr;
    const bool read = ::read(told_[0], &go, 1) == 1 && sqlite3_open(path.c_str(), &handle) == SQLITE_OK &&
                      sqlite3_exec(handle, "SELECT count(*) FROM t", nullptr, nullptr, nullptr) == SQLITE_OK;
    sqlite3_close(handle);
    ::_exit(read ? 0 : 1);
  }

  bool reads() const {
    int status = 1;
    return ::write(told_[1], "r", 1) == 1 && ::waitpid(pid_, &status, 0) == pid_ && status == 0;
  }

 private:
  int told_[2] = {-1, -1};
  pid_t pid_ = -1;
};

TEST(Database, KeepsItsLogWhenAnotherProgramHasReadTheFileAndASecondConnectionWasOpened) {
  const TemporaryDirectory scratch;
  const Reader reader(scratch / "a.db");
  Database database = numbers(scratch / "a.db");
  { ASSERT_TRUE(Database::open(scratch / "a.db").has_value()); }
  ASSERT_TRUE(database.execute("INSERT INTO t(n) VALUES(1)").has_value());
  EXPECT_TRUE(reader.reads());
  EXPECT_TRUE(std::filesystem::exists(scratch / "a.db-wal")) << "the log that is still written was removed";
}

TEST(Transaction, RollsBackUnlessCommitted) {
  const TemporaryDirectory scratch;
  Database database = numbers(scratch / "a.db");
  {
    Result<Transaction> dropped = Transaction::begin(database);
    ASSERT_TRUE(database.execute("INSERT INTO t(n) VALUES(1)").has_value());
  }
  EXPECT_FALSE(database.in_transaction());
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM t"), 0);
  Result<Transaction> kept = Transaction::begin(database);
  ASSERT_TRUE(database.execute("INSERT INTO t(n) VALUES(1)").has_value());
  ASSERT_TRUE(kept->commit().has_value());
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM t"), 1);
}

}  // namespace
}  // namespace latchkey::store
