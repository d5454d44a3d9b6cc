#include "latchkey/store/sqlite_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "latchkey/store/session_table.h"
#include "support/store_rig.h"
#include "support/temporary_directory.h"
#include "support/thread_rig.h"

namespace latchkey::store {
namespace {

using test::must_open;
using test::PortThread;
using test::run_until_ended;
using test::SemaphoreDoorbell;
using test::StoreRig;
using test::TemporaryDirectory;

constexpr WallTime kNow{1'700'000'000'000};

Session session(std::uint8_t seed, std::int64_t user_id = 7) {
  Session made;
  made.id.fill(seed);
  made.lookup.fill(static_cast<std::uint8_t>(seed + 100));
  made.user_id = user_id;
  made.user_name = "alice";
  made.binding.fill(static_cast<std::uint8_t>(seed + 50));
  made.key_number = 3;
  made.created = kNow;
  made.last_used = kNow;
  made.address = "2001:db8::1";
  made.agent = std::string("agent \xff", 7);
  return made;
}

class SqliteStoreTest : public ::testing::Test {
 protected:
  RowId login(std::uint8_t seed, std::vector<SessionDeath> deaths = {}, std::int64_t user_id = 7) {
    const Result<RowId> row =
        rig.wait(store.record_login({.session = session(seed, user_id), .deaths = std::move(deaths)}));
    EXPECT_TRUE(row.has_value());
    return row.value_or(0);
  }
  Session found(std::uint8_t seed) {
    Result<std::optional<Session>> got = rig.wait(store.find(session(seed).lookup));
    EXPECT_TRUE(got.has_value() && got->has_value());
    return got->value();
  }

  TemporaryDirectory scratch;
  StoreRig rig{must_open(scratch / "a.db")};
  SqliteStore store{rig.port(), rig.store};
};

TEST_F(SqliteStoreTest, FindsASessionByItsLookupHashWithAllThatWasRecorded) {
  const RowId row = login(1);
  login(2);
  const Session got = found(1);
  const Session wanted = session(1);
  EXPECT_EQ(got.row, row);
  EXPECT_EQ(got.id, wanted.id);
  EXPECT_EQ(got.lookup, wanted.lookup);
  EXPECT_EQ(got.user_id, wanted.user_id);
  EXPECT_EQ(got.user_name, wanted.user_name);
  EXPECT_EQ(got.binding, wanted.binding);
  EXPECT_EQ(got.key_number, wanted.key_number);
  EXPECT_EQ(got.created, wanted.created);
  EXPECT_EQ(got.last_used, wanted.last_used);
  EXPECT_EQ(got.death, Death::kNone);
  EXPECT_EQ(got.address, wanted.address);
  EXPECT_EQ(got.agent, wanted.agent);
}

TEST_F(SqliteStoreTest, FindsNothingUnderAnUnknownLookupHash) {
  login(1);
  const Result<std::optional<Session>> got = rig.wait(store.find(session(9).lookup));
  ASSERT_TRUE(got.has_value());
  EXPECT_FALSE(got->has_value());
}

TEST_F(SqliteStoreTest, RecordsALoginAndTheDeathsItCausesTogether) {
  const RowId first = login(1);
  login(2, {{.row = first, .reason = Death::kLimit, .at = {kNow.ms + 5}}});
  EXPECT_EQ(found(1).death, Death::kLimit);
  EXPECT_EQ(found(1).died, WallTime{kNow.ms + 5});
  EXPECT_EQ(found(2).death, Death::kNone);
}

TEST_F(SqliteStoreTest, RecordsNoDeathWhenTheLoginItselfIsRefused) {
  const RowId first = login(1);
  // The table refuses a second row with the same lookup hash.
  const Result<RowId> refused = rig.wait(store.record_login(
      {.session = session(1), .deaths = {{.row = first, .reason = Death::kLimit, .at = kNow}}}));
  EXPECT_FALSE(refused.has_value());
  EXPECT_EQ(found(1).death, Death::kNone);
}

TEST_F(SqliteStoreTest, KeepsTheFirstReasonOfDeath) {
  const RowId row = login(1);
  ASSERT_TRUE(
      rig.wait(store.record_deaths({{.row = row, .reason = Death::kDeleted, .at = kNow}})).has_value());
  ASSERT_TRUE(rig.wait(store.record_deaths({{.row = row, .reason = Death::kInactive, .at = {kNow.ms + 9}}}))
                  .has_value());
  EXPECT_EQ(found(1).death, Death::kDeleted);
  EXPECT_EQ(found(1).died, kNow);
}

TEST_F(SqliteStoreTest, TakesTheDeathOfAMissingRowForNoError) {
  EXPECT_TRUE(
      rig.wait(store.record_deaths({{.row = 99, .reason = Death::kDeleted, .at = kNow}})).has_value());
}

TEST_F(SqliteStoreTest, RecordsTheDeathOfAllOfAUsersSessionsThatAreMeant) {
  login(1, {}, 8);
  login(2);
  const RowId kept = login(3);
  const RowId last = login(4);
  login(5);
  ASSERT_TRUE(rig.wait(store.record_user_death({.user_id = 7,
                                                .reason = Death::kExpired,
                                                .at = {kNow.ms + 5},
                                                .last_row = last,
                                                .kept_row = kept}))
                  .has_value());
  EXPECT_EQ(found(1).death, Death::kNone);
  EXPECT_EQ(found(2).death, Death::kExpired);
  EXPECT_EQ(found(2).died, WallTime{kNow.ms + 5});
  EXPECT_EQ(found(3).death, Death::kNone);
  EXPECT_EQ(found(4).death, Death::kExpired);
  EXPECT_EQ(found(5).death, Death::kNone);
}

TEST_F(SqliteStoreTest, MovesLastUseOnAndNeverBack) {
  const RowId row = login(1);
  ASSERT_TRUE(rig.wait(store.record_refreshes({{.row = row, .last_used = {kNow.ms + 100}}})).has_value());
  EXPECT_EQ(found(1).last_used, WallTime{kNow.ms + 100});
  ASSERT_TRUE(rig.wait(store.record_refreshes({{.row = row, .last_used = {kNow.ms + 50}}})).has_value());
  EXPECT_EQ(found(1).last_used, WallTime{kNow.ms + 100});
}

TEST_F(SqliteStoreTest, NeverRefreshesADeadSession) {
  const RowId row = login(1);
  ASSERT_TRUE(
      rig.wait(store.record_deaths({{.row = row, .reason = Death::kDeleted, .at = kNow}})).has_value());
  ASSERT_TRUE(rig.wait(store.record_refreshes({{.row = row, .last_used = {kNow.ms + 100}}})).has_value());
  EXPECT_EQ(found(1).last_used, kNow);
}

TEST_F(SqliteStoreTest, NeverGivesAForgottenRowToAnotherSession) {
  const RowId row = login(1);
  ASSERT_TRUE(rig.wait(store.forget({row})).has_value());
  const Result<std::optional<Session>> gone = rig.wait(store.find(session(1).lookup));
  EXPECT_FALSE(gone->has_value());
  EXPECT_GT(login(2), row);
}

TEST_F(SqliteStoreTest, ListsAUsersLiveSessionsOldestFirstUpToTheLimit) {
  const RowId first = login(1);
  const RowId dead = login(2);
  login(3, {}, 8);
  const RowId second = login(4);
  login(5);
  ASSERT_TRUE(
      rig.wait(store.record_deaths({{.row = dead, .reason = Death::kDeleted, .at = kNow}})).has_value());
  const Result<std::vector<Session>> listed = rig.wait(store.sessions_of(7, 2));
  ASSERT_TRUE(listed.has_value());
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ((*listed)[0].row, first);
  EXPECT_EQ((*listed)[1].row, second);
}

TEST_F(SqliteStoreTest, ListsTheNewestBelowARow) {
  const RowId first = login(1);
  const RowId second = login(2);
  const RowId dead = login(3);
  const RowId last = login(4);
  login(5, {}, 8);
  ASSERT_TRUE(
      rig.wait(store.record_deaths({{.row = dead, .reason = Death::kDeleted, .at = kNow}})).has_value());
  const Result<std::vector<Session>> newest = rig.wait(store.newest_sessions_of(7, kMaxRowId, 2));
  ASSERT_EQ(newest->size(), 2U);
  EXPECT_EQ((*newest)[0].row, last);
  EXPECT_EQ((*newest)[1].row, second);
  const Result<std::vector<Session>> rest = rig.wait(store.newest_sessions_of(7, second, 2));
  ASSERT_EQ(rest->size(), 1U);
  EXPECT_EQ((*rest)[0].row, first);
}

TEST_F(SqliteStoreTest, FindsASessionByItsRow) {
  const RowId row = login(1);
  EXPECT_EQ(rig.wait(store.find_row(row))->value().row, row);
  EXPECT_FALSE(rig.wait(store.find_row(row + 1))->has_value());
}

TEST_F(SqliteStoreTest, ListsByTheIndexOfLiveSessions) {
  Result<Database> beside = Database::open(scratch / "a.db");
  Result<Statement> plan = beside->prepare(
      "EXPLAIN QUERY PLAN SELECT row FROM sessions WHERE user_id = 1 AND death = 0 ORDER BY row LIMIT 5");
  ASSERT_TRUE(plan->step().value());
  EXPECT_NE(plan->text(3).find("live_sessions_by_user"), std::string_view::npos) << plan->text(3);
  EXPECT_FALSE(plan->step().value());
}

runtime::Task<void> log_in_and_out(SqliteStore& store, std::uint8_t seed, std::atomic<int>& found_dead) {
  auto login = store.record_login({.session = session(seed), .deaths = {}});
  const Result<RowId> row = co_await login;
  auto death = store.record_deaths({{.row = row.value(), .reason = Death::kDeleted, .at = kNow}});
  co_await death;
  auto finding = store.find(session(seed).lookup);
  const Result<std::optional<Session>> got = co_await finding;
  if ((*got)->death == Death::kDeleted) ++found_dead;
}

TEST(SqliteStoreThreads, ServeSeveralCoresAtOnce) {
  constexpr runtime::PortId kCores = 3;
  constexpr int kLoginsPerCore = 40;
  const TemporaryDirectory scratch;
  const SystemClock clock;
  NoLog log;
  SemaphoreDoorbell doorbell(kCores + 1);
  runtime::Mailbox mailbox(kCores + 1, 64);
  for (runtime::PortId id = 0; id <= kCores; ++id) mailbox.port(id).set_doorbell(&doorbell);
  StoreThread store(must_open(scratch / "a.db"), mailbox.port(kCores), clock, log, {});
  std::atomic<int> found_dead{0};
  {
    const PortThread store_thread(doorbell, mailbox.port(kCores), store);
    std::vector<std::thread> cores;
    for (runtime::PortId core = 0; core < kCores; ++core) {
      cores.emplace_back([&, core] {
        SqliteStore client(mailbox.port(core), store);
        runtime::Nursery nursery;
        for (int i = 0; i < kLoginsPerCore; ++i) {
          nursery.spawn(log_in_and_out(
              client, static_cast<std::uint8_t>(static_cast<int>(core) * kLoginsPerCore + i), found_dead));
        }
        run_until_ended(doorbell, mailbox.port(core), nursery);
      });
    }
    for (std::thread& core : cores) core.join();
  }
  EXPECT_EQ(found_dead.load(), static_cast<int>(kCores) * kLoginsPerCore);
}

TEST(SessionTable, LoadsEveryRowInOrderAfterAReopening) {
  const TemporaryDirectory scratch;
  {
    Database database = must_open(scratch / "a.db");
    for (std::uint8_t seed = 1; seed <= 50; ++seed) {
      ASSERT_TRUE(insert_login(database, {.session = session(seed), .deaths = {}}).has_value());
    }
    ASSERT_TRUE(bury(database, std::array{SessionDeath{.row = 7, .reason = Death::kInactive, .at = kNow}})
                    .has_value());
  }
  Database database = must_open(scratch / "a.db");
  std::vector<RowId> rows;
  std::vector<Death> deaths;
  const Result<std::size_t> count = load_all(database, [&](Session& loaded) {
    rows.push_back(loaded.row);
    deaths.push_back(loaded.death);
    // All that a token is made from. Each row has its own.
    const Session wanted = session(static_cast<std::uint8_t>(loaded.row));
    EXPECT_EQ(loaded.id, wanted.id);
    EXPECT_EQ(loaded.user_id, wanted.user_id);
    EXPECT_EQ(loaded.user_name, wanted.user_name);
    EXPECT_EQ(loaded.binding, wanted.binding);
    EXPECT_EQ(loaded.key_number, wanted.key_number);
    EXPECT_EQ(loaded.last_used, wanted.last_used);
    EXPECT_EQ(loaded.died, loaded.death == Death::kNone ? wanted.died : kNow);
  });
  ASSERT_TRUE(count.has_value());
  ASSERT_EQ(*count, 50U);
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  EXPECT_EQ(deaths[6], Death::kInactive);
  EXPECT_EQ(std::count(deaths.begin(), deaths.end(), Death::kNone), 49);
}

TEST(SessionTable, BuriesAllOfAUserAndNobodyElse) {
  const TemporaryDirectory scratch;
  Database database = must_open(scratch / "a.db");
  for (std::uint8_t seed = 1; seed <= 6; ++seed) {
    ASSERT_TRUE(insert_login(database, {.session = session(seed, seed % 2), .deaths = {}}).has_value());
  }
  EXPECT_EQ(*bury_all_of(database,
                         {.user_id = 1, .reason = Death::kDeleted, .at = kNow, .last_row = 3, .kept_row = 1}),
            1U);
  EXPECT_EQ(live_sessions_of(database, 1, 10)->front().row, 1);
  EXPECT_EQ(live_sessions_of(database, 1, 10)->back().row, 5);
  EXPECT_EQ(*bury_all_of(database, {.user_id = 1, .reason = Death::kInactive, .at = kNow}), 2U);
  EXPECT_TRUE(live_sessions_of(database, 1, 10)->empty());
  EXPECT_EQ(live_sessions_of(database, 0, 10)->size(), 3U);
}

TEST(SessionTable, CutsTheAgentAtItsFirst256Bytes) {
  const TemporaryDirectory scratch;
  Database database = must_open(scratch / "a.db");
  Session long_agent = session(1);
  long_agent.agent = std::string(1000, 'a');
  ASSERT_TRUE(insert_login(database, {.session = long_agent, .deaths = {}}).has_value());
  EXPECT_EQ(find_session(database, long_agent.lookup)->value().agent.size(), 256U);
}

}  // namespace
}  // namespace latchkey::store
