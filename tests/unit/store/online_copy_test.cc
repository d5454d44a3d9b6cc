#include "latchkey/store/online_copy.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "latchkey/store/schema.h"
#include "latchkey/store/sqlite_store.h"
#include "latchkey/store/transact.h"
#include "support/store_rig.h"
#include "support/temporary_directory.h"

namespace latchkey::store {
namespace {

using test::must_open;
using test::StoreRig;
using test::TemporaryDirectory;

using runtime::Task;

/// Some pages of the table.
constexpr const char* kManyRows =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
    " INSERT INTO t(n, text) SELECT i, hex(randomblob(100)) FROM n";
constexpr const char* kInsert = "INSERT INTO t(n, text) VALUES(?1, hex(randomblob(100)))";

Task<Result<std::int64_t>> put(StoreRig& rig, std::int64_t number) {
  auto job = transact(rig.port(), rig.store, [number](Database& database) -> Result<std::int64_t> {
    LATCHKEY_TRY(Statement statement, database.prepare(kInsert));
    LATCHKEY_TRY(statement.bind(1, number).run());
    // A page that the copy has had already.
    LATCHKEY_TRY(database.execute("UPDATE t SET text = 'changed' WHERE rowid = 1"));
    return number;
  });
  co_return co_await job;
}

class OnlineCopyTest : public ::testing::Test {
 protected:
  OnlineCopyTest() : rig(open()) {}
  Database open() {
    Database database = must_open(path());
    LATCHKEY_ASSERT(database.execute("CREATE TABLE t(n INTEGER, text TEXT) STRICT").has_value());
    LATCHKEY_ASSERT(database.execute(kManyRows).has_value());
    return database;
  }
  std::string path() const { return scratch / "a.db"; }
  std::string copy_path() const { return scratch / "of-a.db"; }

  CopyProgress begin() { return *rig.wait(store.begin_copy()); }
  Result<CopyProgress> step(const CopyProgress& copy) { return rig.wait(store.copy_some(copy.number)); }

  /// Writes what the store reads of its copy into a file.
  void fetch(const CopyProgress& copy) {
    std::ofstream file(copy_path(), std::ios::binary);
    for (std::int64_t offset = 0;;) {
      const Result<std::string> part = rig.wait(store.read_copy(copy.number, offset));
      ASSERT_TRUE(part.has_value()) << part.error().text;
      if (part->empty()) break;
      file << *part;
      offset += static_cast<std::int64_t>(part->size());
    }
  }
  std::int64_t count_in_copy(const char* query) {
    Database database = *Database::open_to_look(copy_path());
    return *database.query_integer(query);
  }

  TemporaryDirectory scratch;
  StoreRig rig;
  SqliteStore store{rig.port(), rig.store};
};

TEST_F(OnlineCopyTest, HasEverythingThatWasCommittedBeforeItsEndThoughRowsAreWrittenBetweenItsSteps) {
  const CopyProgress copy = begin();
  std::int64_t written = 0;
  for (Result<CopyProgress> progress = step(copy); !progress->is_whole; progress = step(copy)) {
    ASSERT_TRUE(progress.has_value()) << progress.error().text;
    ASSERT_TRUE(rig.wait(put(rig, 1'000'000 + written++)).has_value());
  }
  EXPECT_GT(written, 10) << "the copy takes steps";
  ASSERT_TRUE(rig.wait(put(rig, 2'000'000)).has_value());
  fetch(copy);
  EXPECT_TRUE(examine_database(copy_path()).has_value());
  EXPECT_EQ(count_in_copy("SELECT count(*) FROM t WHERE n <= 20000"), 20'000);
  EXPECT_EQ(count_in_copy("SELECT count(*) FROM t WHERE n BETWEEN 1000000 AND 1999999"), written);
  EXPECT_EQ(count_in_copy("SELECT text = 'changed' FROM t WHERE rowid = 1"), 1);
  EXPECT_EQ(count_in_copy("SELECT count(*) FROM t WHERE n = 2000000"), 0) << "written after its end";
}

TEST_F(OnlineCopyTest, IsAFileWithoutANameAndWithoutALog) {
  const CopyProgress copy = begin();
  while (!step(copy)->is_whole) EXPECT_FALSE(std::filesystem::exists(path() + "-copy"));
  fetch(copy);
  // Its versions for writers and readers, by the format of SQLite's files: 2 would be a log's.
  std::ifstream file(copy_path(), std::ios::binary);
  file.seekg(18);
  EXPECT_EQ(file.get(), 1);
  EXPECT_EQ(file.get(), 1);
}

TEST_F(OnlineCopyTest, IsNotReadBeforeItIsWhole) {
  const CopyProgress copy = begin();
  ASSERT_TRUE(step(copy).has_value());
  const Result<std::string> early = rig.wait(store.read_copy(copy.number, 0));
  ASSERT_FALSE(early.has_value());
  EXPECT_EQ(early.error().code, ErrorCode::kConflict);
}

TEST_F(OnlineCopyTest, IsTheOnlyOneUntilItEnds) {
  const CopyProgress copy = begin();
  const Result<CopyProgress> second = rig.wait(store.begin_copy());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(rig.wait(store.end_copy(copy.number)).has_value());
  const CopyProgress third = begin();
  EXPECT_NE(third.number, copy.number);
  const Result<CopyProgress> ended = step(copy);
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().code, ErrorCode::kNotFound);
}

TEST_F(OnlineCopyTest, EndsWithTheDatabaseThatItIsOf) {
  const CopyProgress copy = begin();
  ASSERT_TRUE(step(copy).has_value());
  Result<Database> database = rig.store.release();
  ASSERT_TRUE(database.has_value());
}

TEST_F(OnlineCopyTest, TellsWhenABackupWasMadeAfterARestartToo) {
  ASSERT_TRUE(rig.wait(store.record_backup({.ms = 42'000})).has_value());
  EXPECT_EQ(rig.store.metrics().last_backup_ms.load(), 42'000);
  StoreRig again(std::move(*rig.store.release()));
  EXPECT_EQ(again.store.metrics().last_backup_ms.load(), 42'000);
}

TEST(ExamineDatabase, FindsDamageInTheMiddleOfTheFile) {
  TemporaryDirectory scratch;
  const std::string path = scratch / "a.db";
  {
    Database database = must_open(path);
    ASSERT_TRUE(database.execute("CREATE TABLE t(n INTEGER, text TEXT) STRICT").has_value());
    ASSERT_TRUE(database.execute(kManyRows).has_value());
  }
  EXPECT_TRUE(examine_database(path).has_value());
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
  file << std::string(4096, 'x');
  file.close();
  const Result<DatabaseExamination> damaged = examine_database(path, "the backup");
  ASSERT_FALSE(damaged.has_value());
  EXPECT_NE(damaged.error().text.find("the backup"), std::string::npos) << damaged.error().text;
}

}  // namespace
}  // namespace latchkey::store
