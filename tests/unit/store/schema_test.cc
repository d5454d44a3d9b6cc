#include "latchkey/store/schema.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "support/store_rig.h"
#include "support/temporary_directory.h"

namespace latchkey::store {
namespace {

using test::must_open;
using test::TemporaryDirectory;

constexpr WallTime kNow{1'700'000'000'000};
constexpr std::int64_t kTimeoutMs = 1'800'000;

TEST(Schema, MarksTheFileAsLatchkeysAndSaysItsVersion) {
  const TemporaryDirectory scratch;
  Database database = must_open(scratch / "a.db");
  EXPECT_EQ(*database.query_integer("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(*database.query_integer("PRAGMA user_version"), kSchemaVersion);
}

TEST(Schema, OpensItsOwnFileAgain) {
  const TemporaryDirectory scratch;
  { must_open(scratch / "a.db"); }
  EXPECT_TRUE(open_database(scratch / "a.db").has_value());
}

TEST(Schema, RefusesAnotherProgramsDatabase) {
  const TemporaryDirectory scratch;
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
  const TemporaryDirectory scratch;
  { ASSERT_TRUE(must_open(scratch / "a.db").execute("PRAGMA user_version=99").has_value()); }
  const Result<Database> refused = open_database(scratch / "a.db");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().text.find("version 99"), std::string::npos) << refused.error().text;
  Result<Database> raw = Database::open(scratch / "a.db");
  EXPECT_EQ(*raw->query_integer("PRAGMA user_version"), 99);
}

TEST(Schema, BringsAFileOfVersion1UpToDateAndKeepsWhatItHolds) {
  const TemporaryDirectory scratch;
  {
    // What version 1 wrote: everything but the known addresses and the index over hashes.
    Database database = must_open(scratch / "a.db");
    ASSERT_TRUE(check_key(database, "aa11", "/keys/one").has_value());
    ASSERT_TRUE(database
                    .execute("DROP TABLE known_addresses;"
                             "DROP INDEX users_by_hash_kind;"
                             "ALTER TABLE users DROP COLUMN unbound_number;"
                             "DROP INDEX users_with_profile;"
                             "ALTER TABLE users DROP COLUMN group_names;"
                             "ALTER TABLE users DROP COLUMN profile_number;"
                             "INSERT INTO users(id, name, password_hash, password_number, active, superuser,"
                             " first_name, last_name, email, created_ms)"
                             " VALUES(7, 'alice', 'hash', 0, 1, 0, '', '', '', 0),"
                             " (8, 'zoe', 'other', 0, 1, 0, '', 'Vries', '', 0);"
                             "PRAGMA user_version=1")
                    .has_value());
  }
  Database database = must_open(scratch / "a.db");
  EXPECT_EQ(*database.query_integer("PRAGMA user_version"), kSchemaVersion);
  EXPECT_EQ(*database.query_integer("SELECT id FROM users WHERE name = 'alice'"), 7);
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM known_addresses"), 0);
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM pragma_index_list('known_addresses')"), 3);
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM users INDEXED BY users_by_hash_kind"
                                    " WHERE substr(password_hash, 1, 40) = 'hash'"),
            1);
  EXPECT_EQ(*database.query_integer("SELECT sum(id) FROM users INDEXED BY users_with_profile"
                                    " WHERE profile_number > 0 AND group_names = ''"),
            8)
      << "who has a detail";
  EXPECT_FALSE(check_key(database, "bb22", "/keys/two").has_value()) << "the fingerprint is gone";
}

TEST(Schema, RefusesTheVersionThatComesNext) {
  const TemporaryDirectory scratch;
  const std::string next = std::to_string(kSchemaVersion + 1);
  { ASSERT_TRUE(must_open(scratch / "a.db").execute(("PRAGMA user_version=" + next).c_str()).has_value()); }
  const Result<Database> refused = open_database(scratch / "a.db");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_NE(refused.error().text.find("version " + next + " and this Latchkey knows versions up to " +
                                      std::to_string(kSchemaVersion)),
            std::string::npos)
      << refused.error().text;
}

// Known addresses of version 3 name no user. They hold for the user who had the name when version 4 came,
// while their password is unchanged.
TEST(Schema, OfAFileOfVersion3KnownAddressesHoldForTheUsersThatWereActive) {
  const TemporaryDirectory scratch;
  {
    Database database = must_open(scratch / "a.db");
    ASSERT_TRUE(database
                    .execute("DROP TABLE known_addresses;"
                             "CREATE TABLE known_addresses("
                             "  hash BLOB PRIMARY KEY NOT NULL CHECK(length(hash) = 16),"
                             "  last_login_ms INTEGER NOT NULL"
                             ") STRICT, WITHOUT ROWID;"
                             "CREATE INDEX known_addresses_by_time ON known_addresses(last_login_ms);"
                             "ALTER TABLE users DROP COLUMN unbound_number;"
                             "DROP INDEX users_with_profile;"
                             "ALTER TABLE users DROP COLUMN group_names;"
                             "ALTER TABLE users DROP COLUMN profile_number;"
                             "INSERT INTO known_addresses VALUES(zeroblob(16), 1000);"
                             "INSERT INTO users(name, password_hash, password_number, active, superuser,"
                             " first_name, last_name, email, created_ms)"
                             " VALUES('alice', 'hash', 3, 1, 0, '', '', '', 0),"
                             " ('bob', 'hash', 5, 0, 0, '', '', '', 0);"
                             "PRAGMA user_version=3")
                    .has_value());
  }
  Database database = must_open(scratch / "a.db");
  EXPECT_EQ(*database.query_integer("SELECT last_login_ms FROM known_addresses WHERE user_id IS NULL"), 1000);
  EXPECT_EQ(*database.query_integer("SELECT unbound_number FROM users WHERE name = 'alice'"), 3);
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM users WHERE unbound_number IS NULL"), 1);
}

TEST(CheckKey, AdoptsTheFirstKeyAndKeepsToIt) {
  const TemporaryDirectory scratch;
  Database database = must_open(scratch / "a.db");
  EXPECT_TRUE(check_key(database, "aa11", "/keys/one").has_value());
  EXPECT_TRUE(check_key(database, "aa11", "/keys/one").has_value());
}

TEST(CheckKey, RefusesAnotherKeyWithASentenceThatNamesBothFiles) {
  const TemporaryDirectory scratch;
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
  const TemporaryDirectory scratch;
  Database database = must_open(scratch / "a.db");
  EXPECT_TRUE(check_new_key(database, "/keys/one").has_value());
  ASSERT_TRUE(check_key(database, "aa11", "/keys/one").has_value());
  const Result<void> refused = check_new_key(database, "/keys/one");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().text.find("/keys/one"), std::string::npos) << refused.error().text;
  EXPECT_NE(refused.error().text.find(scratch / "a.db"), std::string::npos) << refused.error().text;
}

TEST(Run, IsCleanTheFirstTimeAndAfterAnOrderlyStopAndNotAfterAKill) {
  const TemporaryDirectory scratch;
  {
    Database database = must_open(scratch / "a.db");
    EXPECT_TRUE(begin_run(database, kNow, kTimeoutMs)->was_clean);
    ASSERT_TRUE(end_run(database, kNow, 0).has_value());
    EXPECT_TRUE(begin_run(database, kNow, kTimeoutMs)->was_clean);
  }
  Database database = must_open(scratch / "a.db");
  EXPECT_FALSE(begin_run(database, kNow, kTimeoutMs)->was_clean);
}

TEST(Run, TimesAreExactSinceTheFirstStartAfterTheLastKill) {
  const TemporaryDirectory scratch;
  const auto run = [&scratch](std::int64_t begin_ms, bool ends) {
    Database database = must_open(scratch / "a.db");
    const RunStart start = begin_run(database, {begin_ms}, kTimeoutMs).value();
    if (ends) {
      EXPECT_TRUE(end_run(database, {begin_ms + 10}, 0).has_value());
    }
    return start.exact_since.ms;
  };
  EXPECT_EQ(run(1000, true), 0);
  EXPECT_EQ(run(2000, false), 0);
  EXPECT_EQ(run(3000, true), 3000);
  EXPECT_EQ(run(4000, true), 3000);
  EXPECT_EQ(run(5000, false), 3000);
  EXPECT_EQ(run(6000, false), 6000);
  EXPECT_EQ(run(7000, true), 7000);
}

TEST(Run, ReportsAWallClockBehindTheLastRecordedTime) {
  const TemporaryDirectory scratch;
  Database database = must_open(scratch / "a.db");
  EXPECT_EQ(begin_run(database, kNow, kTimeoutMs)->behind_ms, 0);
  EXPECT_EQ(begin_run(database, {kNow.ms - 5000}, kTimeoutMs)->behind_ms, 5000);
  EXPECT_EQ(begin_run(database, {kNow.ms + 5000}, kTimeoutMs)->behind_ms, 0);
}

/// A run that begins at `begin_ms` and records a live session and a dead one. The clock is then set by
/// `set_ms`. Returns the live one's times of last use and creation after the next run has begun at `next_ms`.
std::pair<std::int64_t, std::int64_t> times_after(std::int64_t begin_ms, std::int64_t set_ms,
                                                  std::int64_t next_ms) {
  const TemporaryDirectory scratch;
  Database database = must_open(scratch / "a.db");
  EXPECT_TRUE(begin_run(database, {begin_ms}, kTimeoutMs).has_value());
  EXPECT_TRUE(database
                  .execute("INSERT INTO sessions VALUES"
                           "(1, zeroblob(16), x'00000000000000000000000000000001', 1, 'u', zeroblob(16), 1, "
                           "100000, 100000, 0, 0, '', x''),"
                           "(2, zeroblob(16), x'00000000000000000000000000000002', 1, 'u', zeroblob(16), 1, "
                           "100000, 100000, 1, 100000, '', x'')")
                  .has_value());
  EXPECT_TRUE(end_run(database, {begin_ms + set_ms}, set_ms).has_value());
  EXPECT_TRUE(begin_run(database, {next_ms}, kTimeoutMs).has_value());
  EXPECT_EQ(*database.query_integer("SELECT died_ms FROM sessions WHERE row = 1"), 0);
  EXPECT_EQ(*database.query_integer("SELECT died_ms FROM sessions WHERE row = 2"),
            *database.query_integer("SELECT last_used_ms FROM sessions WHERE row = 2"));
  return {*database.query_integer("SELECT last_used_ms FROM sessions WHERE row = 1"),
          *database.query_integer("SELECT created_ms FROM sessions WHERE row = 1")};
}

TEST(Run, MovesTheTimesOfSessionsByHowMuchTheClockWasSet) {
  const auto both = [](std::int64_t ms) { return std::pair(ms, ms); };
  EXPECT_EQ(times_after(200'000, 0, 300'000), both(100'000));
  EXPECT_EQ(times_after(200'000, 50'000, 300'000), both(150'000));
  EXPECT_EQ(times_after(200'000, -50'000, 300'000), both(50'000));
  // Set back between the two runs, with or without a setting forward during the first.
  EXPECT_EQ(times_after(200'000, 50'000, 210'000), both(110'000));
  EXPECT_EQ(times_after(200'000, 0, 190'000), both(90'000));
  // Less than a second is left as it is.
  EXPECT_EQ(times_after(200'000, 999, 300'000), both(100'000));
}

TEST(Run, MovesTheTimesOfSessionsOnce) {
  const TemporaryDirectory scratch;
  Database database = must_open(scratch / "a.db");
  ASSERT_TRUE(begin_run(database, kNow, kTimeoutMs).has_value());
  ASSERT_TRUE(record_wall_time(database, {kNow.ms + 50'000}, 50'000).has_value());
  // Unclean: times are exact from here on, by the calendar as it is now.
  EXPECT_EQ(begin_run(database, {kNow.ms + 60'000}, kTimeoutMs)->exact_since.ms, kNow.ms + 60'000);
  ASSERT_TRUE(end_run(database, {kNow.ms + 30'000}, -30'000).has_value());
  EXPECT_EQ(begin_run(database, {kNow.ms + 40'000}, kTimeoutMs)->exact_since.ms, kNow.ms + 30'000);
  ASSERT_TRUE(end_run(database, {kNow.ms + 50'000}, 0).has_value());
  EXPECT_EQ(begin_run(database, {kNow.ms + 60'000}, kTimeoutMs)->exact_since.ms, kNow.ms + 30'000);
}

TEST(Run, RecordsTheTokenTimeoutForTheOfflineCommand) {
  const TemporaryDirectory scratch;
  Database database = must_open(scratch / "a.db");
  EXPECT_FALSE(recorded_token_timeout_ms(database)->has_value());
  ASSERT_TRUE(begin_run(database, kNow, kTimeoutMs).has_value());
  EXPECT_EQ(recorded_token_timeout_ms(database)->value(), kTimeoutMs);
}

}  // namespace
}  // namespace latchkey::store
