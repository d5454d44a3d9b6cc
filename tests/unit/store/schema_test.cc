#include "latchkey/store/schema.h"

#include <gtest/gtest.h>

#include "store_rig.h"

namespace latchkey::store {
namespace {

constexpr WallTime kNow{1'700'000'000'000};
constexpr std::int64_t kTimeoutMs = 1'800'000;

TEST(Schema, MarksTheFileAsLatchkeysAndSaysItsVersion) {
  const ScratchDirectory scratch;
  Database database = must_open(scratch / "a.db");
  EXPECT_EQ(*database.query_integer("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(*database.query_integer("PRAGMA user_version"), kSchemaVersion);
}

TEST(Schema, OpensItsOwnFileAgain) {
  const ScratchDirectory scratch;
  { must_open(scratch / "a.db"); }
  EXPECT_TRUE(open_database(scratch / "a.db").has_value());
}

TEST(Schema, RefusesAnotherProgramsDatabase) {
  const ScratchDirectory scratch;
  {
    Result<Database> other = Database::open(scratch / "a.db");
    ASSERT_TRUE(other->execute("CREATE TABLE theirs(x)").has_value());
  }
  const Result<Database> refused = open_database(scratch / "a.db");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_NE(refused.error().text.find("another program's database"), std::string::npos)
      << refused.error().text;
}

TEST(Schema, RefusesANewerVersionAndLeavesItAlone) {
  const ScratchDirectory scratch;
  { ASSERT_TRUE(must_open(scratch / "a.db").execute("PRAGMA user_version=99").has_value()); }
  const Result<Database> refused = open_database(scratch / "a.db");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().text.find("version 99"), std::string::npos) << refused.error().text;
  Result<Database> raw = Database::open(scratch / "a.db");
  EXPECT_EQ(*raw->query_integer("PRAGMA user_version"), 99);
}

TEST(Schema, BringsAFileOfVersion1UpToDateAndKeepsWhatItHolds) {
  const ScratchDirectory scratch;
  {
    // What version 1 wrote: all but the table of known addresses and the index over hashes.
    Database database = must_open(scratch / "a.db");
    ASSERT_TRUE(check_key(database, "aa11", "/keys/one").has_value());
    ASSERT_TRUE(database
                    .execute("DROP TABLE known_addresses;"
                             "DROP INDEX users_by_hash_kind;"
                             "INSERT INTO users(id, name, password_hash, password_number, active, superuser,"
                             " first_name, last_name, email, created_ms)"
                             " VALUES(7, 'alice', 'hash', 0, 1, 0, '', '', '', 0);"
                             "PRAGMA user_version=1")
                    .has_value());
  }
  Database database = must_open(scratch / "a.db");
  EXPECT_EQ(*database.query_integer("PRAGMA user_version"), kSchemaVersion);
  EXPECT_EQ(*database.query_integer("SELECT id FROM users WHERE name = 'alice'"), 7);
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM known_addresses"), 0);
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM pragma_index_list('known_addresses')"), 2);
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM users INDEXED BY users_by_hash_kind"
                                    " WHERE substr(password_hash, 1, 40) = 'hash'"),
            1);
  EXPECT_FALSE(check_key(database, "bb22", "/keys/two").has_value()) << "the fingerprint is gone";
}

TEST(CheckKey, AdoptsTheFirstKeyAndKeepsToIt) {
  const ScratchDirectory scratch;
  Database database = must_open(scratch / "a.db");
  EXPECT_TRUE(check_key(database, "aa11", "/keys/one").has_value());
  EXPECT_TRUE(check_key(database, "aa11", "/keys/one").has_value());
}

TEST(CheckKey, RefusesAnotherKeyWithASentenceThatNamesBothFiles) {
  const ScratchDirectory scratch;
  Database database = must_open(scratch / "a.db");
  ASSERT_TRUE(check_key(database, "aa11", "/keys/one").has_value());
  const Result<void> refused = check_key(database, "bb22", "/keys/two");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_NE(refused.error().text.find("/keys/two"), std::string::npos) << refused.error().text;
  EXPECT_NE(refused.error().text.find(scratch / "a.db"), std::string::npos) << refused.error().text;
  EXPECT_TRUE(check_key(database, "aa11", "/keys/one").has_value());
}

TEST(CheckNewKey, AllowsANewKeyForAFreshDatabaseAlone) {
  const ScratchDirectory scratch;
  Database database = must_open(scratch / "a.db");
  EXPECT_TRUE(check_new_key(database, "/keys/one").has_value());
  ASSERT_TRUE(check_key(database, "aa11", "/keys/one").has_value());
  const Result<void> refused = check_new_key(database, "/keys/one");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().text.find("/keys/one"), std::string::npos) << refused.error().text;
  EXPECT_NE(refused.error().text.find(scratch / "a.db"), std::string::npos) << refused.error().text;
}

TEST(Run, IsCleanTheFirstTimeAndAfterAnOrderlyStopAndNotAfterAKill) {
  const ScratchDirectory scratch;
  {
    Database database = must_open(scratch / "a.db");
    EXPECT_TRUE(begin_run(database, kNow, kTimeoutMs)->was_clean);
    ASSERT_TRUE(end_run(database, kNow).has_value());
    EXPECT_TRUE(begin_run(database, kNow, kTimeoutMs)->was_clean);
  }
  Database database = must_open(scratch / "a.db");
  EXPECT_FALSE(begin_run(database, kNow, kTimeoutMs)->was_clean);
}

TEST(Run, HasInexactTimesUntilEveryTokenOfAKilledRunHasBeenUsedOrHasEnded) {
  const ScratchDirectory scratch;
  const auto start = [&](std::int64_t after_ms) {
    Database database = must_open(scratch / "a.db");
    const RunStart run = begin_run(database, {kNow.ms + after_ms}, kTimeoutMs).value();
    EXPECT_TRUE(end_run(database, {kNow.ms + after_ms}).has_value());
    return run.has_exact_times;
  };
  {
    Database killed = must_open(scratch / "a.db");
    EXPECT_TRUE(begin_run(killed, kNow, kTimeoutMs)->has_exact_times);
  }
  constexpr std::int64_t kLongestMs = kTimeoutMs + kTimeoutMs / 10 + 1000;
  EXPECT_FALSE(start(0));
  EXPECT_FALSE(start(1)) << "a stop in order does not know what the kill took";
  EXPECT_FALSE(start(kLongestMs));
  EXPECT_TRUE(start(kLongestMs + 1));
}

TEST(Run, ReportsAWallClockBehindTheLastRecordedTime) {
  const ScratchDirectory scratch;
  Database database = must_open(scratch / "a.db");
  EXPECT_EQ(begin_run(database, kNow, kTimeoutMs)->behind_ms, 0);
  EXPECT_EQ(begin_run(database, {kNow.ms - 5000}, kTimeoutMs)->behind_ms, 5000);
  EXPECT_EQ(begin_run(database, {kNow.ms + 5000}, kTimeoutMs)->behind_ms, 0);
}

TEST(Run, RecordsTheTokenTimeoutForTheOfflineCommand) {
  const ScratchDirectory scratch;
  Database database = must_open(scratch / "a.db");
  EXPECT_FALSE(recorded_token_timeout_ms(database)->has_value());
  ASSERT_TRUE(begin_run(database, kNow, kTimeoutMs).has_value());
  EXPECT_EQ(recorded_token_timeout_ms(database)->value(), kTimeoutMs);
}

}  // namespace
}  // namespace latchkey::store
