#include "latchkey/store/store_thread.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <array>

#include "faulty_vfs.h"
#include "latchkey/store/transact.h"
#include "support/store_rig.h"
#include "support/temporary_directory.h"

namespace latchkey::store {
namespace {

using test::must_open;
using test::StoreRig;
using test::TemporaryDirectory;

using runtime::Task;

Task<Result<std::int64_t>> put(StoreRig& rig, std::int64_t number) {
  auto job = transact(rig.port(), rig.store, [number](Database& database) -> Result<std::int64_t> {
    Result<Statement> statement = database.prepare("INSERT INTO t(n) VALUES(?1)");
    if (!statement) return tl::unexpected(statement.error());
    if (Result<void> ran = statement->bind(1, number).run(); !ran) return tl::unexpected(ran.error());
    return number;
  });
  co_return co_await job;
}

/// Writes and then fails: nothing of it may remain.
Task<Result<std::int64_t>> put_and_fail(StoreRig& rig, std::int64_t number) {
  auto job = transact(rig.port(), rig.store, [number](Database& database) -> Result<std::int64_t> {
    Result<Statement> statement = database.prepare("INSERT INTO t(n) VALUES(?1)");
    if (!statement) return tl::unexpected(statement.error());
    if (Result<void> ran = statement->bind(1, number).run(); !ran) return tl::unexpected(ran.error());
    return failure(ErrorCode::kNotFound, "no such thing");
  });
  co_return co_await job;
}

Task<Result<std::int64_t>> count_rows(StoreRig& rig) {
  auto job = read(rig.port(), rig.store,
                  [](Database& database) { return database.query_integer("SELECT count(*) FROM t"); });
  co_return co_await job;
}

class StoreThreadTest : public ::testing::Test {
 protected:
  StoreThreadTest() : rig(open()) {}
  Database open() {
    Database database = must_open(scratch / "a.db", {.vfs = FaultyVfs::name()});
    LATCHKEY_ASSERT(database.execute("CREATE TABLE t(n INTEGER UNIQUE) STRICT").has_value());
    return database;
  }

  using Outcome = std::optional<Result<std::int64_t>>;

  TemporaryDirectory scratch;
  FaultyVfs vfs;
  StoreRig rig;
};

TEST_F(StoreThreadTest, CommitsAllThatArrivedTogetherWithOneFsync) {
  const int syncs_before = vfs.syncs("-wal");
  std::array<Outcome, 20> outcomes;
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    rig.start(put(rig, static_cast<std::int64_t>(i)), outcomes[i]);
  rig.settle();
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    EXPECT_EQ(outcomes[i]->value(), static_cast<std::int64_t>(i));
  EXPECT_EQ(rig.store.metrics().groups.load(), 1U);
  EXPECT_EQ(rig.store.metrics().writes.load(), 20U);
  EXPECT_EQ(vfs.syncs("-wal") - syncs_before, 1);
}

TEST_F(StoreThreadTest, AnswersOnlyAfterTheCommit) {
  Outcome outcome;
  rig.start(put(rig, 1), outcome);
  rig.mailbox.port(1).drain();
  rig.port().drain();
  EXPECT_FALSE(outcome.has_value());
  rig.store.after_batch(rig.mailbox.port(1));
  rig.port().drain();
  EXPECT_TRUE(outcome.has_value());
}

TEST_F(StoreThreadTest, UndoesAFailingJobAloneAndKeepsItsOwnError) {
  std::array<Outcome, 3> outcomes;
  rig.start(put(rig, 1), outcomes[0]);
  rig.start(put_and_fail(rig, 2), outcomes[1]);
  rig.start(put(rig, 3), outcomes[2]);
  rig.settle();
  EXPECT_TRUE(outcomes[0]->has_value());
  ASSERT_FALSE(outcomes[1]->has_value());
  EXPECT_EQ(outcomes[1]->error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(outcomes[2]->has_value());
  EXPECT_EQ(*rig.wait(count_rows(rig)), 2);
}

TEST_F(StoreThreadTest, SplitsMoreThanAGroupIntoSeveral) {
  std::vector<Outcome> outcomes(StoreThread::kMaxGroupJobs + 1);
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    rig.start(put(rig, static_cast<std::int64_t>(i)), outcomes[i]);
  rig.settle();
  EXPECT_EQ(rig.store.metrics().groups.load(), 2U);
  for (const Outcome& outcome : outcomes) EXPECT_TRUE(outcome->has_value());
}

TEST_F(StoreThreadTest, ReadsWhatIsCommittedWithoutACommit) {
  Outcome written;
  Outcome read_beside;
  rig.start(put(rig, 1), written);
  rig.start(count_rows(rig), read_beside);
  rig.settle();
  EXPECT_EQ(**read_beside, 0);
  EXPECT_EQ(*rig.wait(count_rows(rig)), 1);
  EXPECT_EQ(rig.store.metrics().groups.load(), 1U);
}

TEST_F(StoreThreadTest, RefusesAWholeGroupOnAFullDiskAndHealsByItself) {
  vfs.fail_writes("-wal", SQLITE_FULL);
  std::array<Outcome, 2> outcomes;
  rig.start(put(rig, 1), outcomes[0]);
  rig.start(put(rig, 2), outcomes[1]);
  rig.settle();
  for (const Outcome& outcome : outcomes) {
    ASSERT_FALSE(outcome->has_value());
    EXPECT_EQ(outcome->error().code, ErrorCode::kUnavailable);
  }
  EXPECT_EQ(*rig.wait(count_rows(rig)), 0);
  EXPECT_TRUE(rig.log.has("store.commit_failed"));

  vfs.heal();
  EXPECT_TRUE(rig.wait(put(rig, 1)).has_value());
  EXPECT_EQ(*rig.wait(count_rows(rig)), 1);
  EXPECT_TRUE(rig.fatal.empty());
}

TEST_F(StoreThreadTest, EndsEverythingAfterAFailedFsync) {
  vfs.fail_syncs("-wal", SQLITE_IOERR_FSYNC);
  Result<std::int64_t> written = rig.wait(put(rig, 1));
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, ErrorCode::kFatal);
  ASSERT_EQ(rig.fatal.size(), 1U);

  vfs.heal();
  written = rig.wait(put(rig, 2));
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, ErrorCode::kFatal);
  EXPECT_FALSE(rig.wait(count_rows(rig)).has_value());
  EXPECT_EQ(rig.fatal.size(), 1U);
  EXPECT_FALSE(rig.store.release().has_value());
}

TEST_F(StoreThreadTest, RefusesTheRestOfABatchWhoseFirstGroupFailedFatally) {
  vfs.fail_syncs("-wal", SQLITE_IOERR_FSYNC);
  std::vector<Outcome> outcomes(StoreThread::kMaxGroupJobs + 5);
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    rig.start(put(rig, static_cast<std::int64_t>(i)), outcomes[i]);
  rig.settle();
  for (const Outcome& outcome : outcomes) {
    ASSERT_TRUE(outcome.has_value());
    ASSERT_FALSE(outcome->has_value());
    EXPECT_EQ(outcome->error().code, ErrorCode::kFatal);
  }
  EXPECT_EQ(rig.fatal.size(), 1U);
}

TEST_F(StoreThreadTest, SaysThatTheWayIsFullAndSendsNothing) {
  std::vector<Outcome> outcomes(StoreRig::kWayCapacity + 1);
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    rig.start(put(rig, static_cast<std::int64_t>(i)), outcomes[i]);
  ASSERT_TRUE(outcomes.back().has_value());
  EXPECT_EQ((*outcomes.back()).error().code, ErrorCode::kOverloaded);
  EXPECT_EQ((*outcomes.back()).error().text, "the way to the store is full");
  rig.settle();
  EXPECT_EQ(*rig.wait(count_rows(rig)), static_cast<std::int64_t>(StoreRig::kWayCapacity));
}

TEST_F(StoreThreadTest, BringsALongLogIntoTheFileAfterTheAnswers) {
  std::int64_t number = 0;
  while (rig.store.metrics().checkpoints.load() == 0 && number < 100'000) {
    std::vector<Outcome> outcomes(500);
    for (Outcome& outcome : outcomes) rig.start(put(rig, number++), outcome);
    rig.settle();
  }
  EXPECT_EQ(rig.store.metrics().checkpoints.load(), 1U);
  EXPECT_EQ(rig.store.metrics().log_pages.load(), 0);
}

TEST_F(StoreThreadTest, RecordsTheWallClockAtMostOnceASecond) {
  const auto recorded = [this] {
    Result<Database> beside = Database::open(scratch / "a.db");
    return *beside->query_integer("SELECT value FROM meta WHERE key = 'last_wall_ms'");
  };
  const std::int64_t first_ms = rig.clock.wall().ms;
  ASSERT_TRUE(rig.wait(put(rig, 1)).has_value());
  EXPECT_EQ(recorded(), first_ms);
  rig.clock.advance_ms(999);
  ASSERT_TRUE(rig.wait(put(rig, 2)).has_value());
  EXPECT_EQ(recorded(), first_ms);
  rig.clock.advance_ms(1);
  ASSERT_TRUE(rig.wait(put(rig, 3)).has_value());
  EXPECT_EQ(recorded(), first_ms + 1000);
}

TEST_F(StoreThreadTest, RecordsByHowMuchTheWallClockWasSet) {
  const auto recorded = [this] {
    Result<Database> beside = Database::open(scratch / "a.db");
    return *beside->query_integer("SELECT value FROM meta WHERE key = 'clock_set_ms'");
  };
  rig.clock.advance_ms(5000);
  ASSERT_TRUE(rig.wait(put(rig, 1)).has_value());
  EXPECT_EQ(recorded(), 0);
  rig.clock.set_wall({rig.clock.wall().ms - 3'600'000});
  ASSERT_TRUE(rig.wait(put(rig, 2)).has_value());
  EXPECT_EQ(recorded(), -3'600'000);
}

}  // namespace
}  // namespace latchkey::store
