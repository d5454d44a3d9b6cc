#include "latchkey/credential/known_addresses.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "latchkey/credential/known_address_table.h"
#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/credential/sqlite_known_addresses.h"
#include "support/store_rig.h"
#include "support/temporary_directory.h"

namespace latchkey::credential {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr WallTime kNow{1'700'000'000'000};
constexpr KnownAddressHash kHere{1};
constexpr KnownAddressHash kThere{2};

WallTime after_days(std::int64_t days) { return {kNow.ms + days * kDayMs}; }

KnownAddressHash numbered(std::size_t number) {
  KnownAddressHash hash{};
  for (std::size_t i = 0; i < sizeof number; ++i) hash[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return hash;
}

User named(std::string name) {
  User user;
  user.name = std::move(name);
  user.password_hash = "hash";
  return user;
}

class KnownAddressesTest : public ::testing::Test {
 protected:
  User added(std::string name) { return rig.wait(directory.add(named(std::move(name)))).value(); }
  bool knows(const KnownAddressHash& hash, WallTime now, std::string name = "alice") {
    return rig.wait(known.knows(hash, std::move(name), now)).value();
  }
  void remember(const KnownAddressHash& hash, WallTime now) { remember(hash, now, alice); }
  void remember(const KnownAddressHash& hash, WallTime now, const User& user) {
    EXPECT_TRUE(rig.wait(known.remember(hash, {user.id, user.password_number}, now)).has_value());
  }
  /// One of many users.
  static User fleeting(std::int64_t id) {
    User user;
    user.id = id;
    return user;
  }
  User current() { return *rig.wait(directory.find("alice")).value(); }
  std::uint64_t writes() const { return rig.store.metrics().writes.load(); }

  test::TemporaryDirectory scratch;
  test::StoreRig rig{test::must_open(scratch / "a.db")};
  SqliteKnownAddresses known{rig.port(), rig.store};
  SqliteDirectory directory{rig.port(), rig.store};
  const User alice = added("alice");
  const std::uint64_t writes_before = writes();
};

TEST_F(KnownAddressesTest, KnowsAnAddressForItsUserAlone) {
  added("bob");
  remember(kHere, kNow);
  EXPECT_TRUE(knows(kHere, kNow));
  EXPECT_FALSE(knows(kHere, kNow, "bob"));
  EXPECT_FALSE(knows(kHere, kNow, "nobody"));
}

TEST_F(KnownAddressesTest, ANewPasswordEndsWhatWasKnownByTheLastOne) {
  remember(kHere, kNow);
  ASSERT_TRUE(rig.wait(directory.set_password_hash(alice.id, "another")).value());
  EXPECT_FALSE(knows(kHere, kNow));
  remember(kHere, kNow);
  EXPECT_FALSE(knows(kHere, kNow)) << "a login that was under way with the last password";
  remember(kHere, kNow, current());
  EXPECT_TRUE(knows(kHere, kNow)) << "a login with the new one, on the same day";
  ASSERT_TRUE(rig.wait(directory.change_password_hash(alice.id, current().password_number, "own")).value());
  EXPECT_FALSE(knows(kHere, kNow));
}

TEST_F(KnownAddressesTest, ARehashOfTheSamePasswordEndsNothing) {
  remember(kHere, kNow);
  ASSERT_TRUE(rig.wait(directory.replace_hash(alice.id, "hash", "better")).value());
  EXPECT_TRUE(knows(kHere, kNow));
}

TEST_F(KnownAddressesTest, ADisablingEndsWhatWasKnownForGood) {
  remember(kHere, kNow);
  ASSERT_TRUE(rig.wait(directory.set_active(alice.id, false)).value());
  EXPECT_FALSE(knows(kHere, kNow));
  remember(kHere, kNow, current());
  EXPECT_FALSE(knows(kHere, kNow)) << "a user who is not active";
  ASSERT_TRUE(rig.wait(directory.set_active(alice.id, true)).value());
  remember(kThere, kNow);
  EXPECT_FALSE(knows(kThere, kNow)) << "a login that was under way before";
}

TEST_F(KnownAddressesTest, EnablingAUserWhoIsActiveEndsNothing) {
  remember(kHere, kNow);
  ASSERT_TRUE(rig.wait(directory.set_active(alice.id, true)).value());
  EXPECT_TRUE(knows(kHere, kNow));
}

TEST_F(KnownAddressesTest, ADeletedUsersAddressesAreGoneAndAnotherOfThatNameHasNone) {
  remember(kHere, kNow);
  ASSERT_TRUE(rig.wait(directory.remove(alice.id)).value());
  store::Database database = test::must_open(scratch / "a.db");
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM known_addresses"), 0);
  remember(kHere, kNow);  // a login that was in progress
  added("alice");
  EXPECT_FALSE(knows(kHere, kNow));
}

TEST_F(KnownAddressesTest, KnowsWhatItRemembersForThirtyDaysAndNothingElse) {
  EXPECT_FALSE(knows(kHere, kNow));
  remember(kHere, kNow);
  EXPECT_TRUE(knows(kHere, kNow));
  EXPECT_FALSE(knows(kThere, kNow));
  EXPECT_TRUE(knows(kHere, after_days(30)));
  EXPECT_FALSE(knows(kHere, {after_days(30).ms + 1}));
}

/// Makes a row from before version 4 of the schema, and the users as that version found them.
void make_unbound(store::Database& database) {
  ASSERT_TRUE(database
                  .execute("INSERT INTO known_addresses(hash, last_login_ms)"
                           " VALUES(x'01000000000000000000000000000000', 1700000000000);"
                           "UPDATE users SET unbound_number = password_number")
                  .has_value());
}

TEST_F(KnownAddressesTest, ARowThatNamesNoUserHoldsUntilItIsTooOldOrThePasswordIsAnother) {
  store::Database database = test::must_open(scratch / "a.db");
  make_unbound(database);
  EXPECT_TRUE(knows(kHere, after_days(30)));
  EXPECT_FALSE(knows(kHere, {after_days(30).ms + 1}));
  ASSERT_TRUE(rig.wait(directory.set_password_hash(alice.id, "another")).value());
  EXPECT_FALSE(knows(kHere, kNow));
}

TEST_F(KnownAddressesTest, ARowThatNamesNoUserHoldsForNobodyWhoWasDisabledOrCameLater) {
  store::Database database = test::must_open(scratch / "a.db");
  make_unbound(database);
  ASSERT_TRUE(rig.wait(directory.set_active(alice.id, false)).value());
  EXPECT_FALSE(knows(kHere, kNow));
  ASSERT_TRUE(rig.wait(directory.set_active(alice.id, true)).value());
  EXPECT_FALSE(knows(kHere, kNow));
  ASSERT_TRUE(rig.wait(directory.remove(alice.id)).value());
  added("alice");
  EXPECT_FALSE(knows(kHere, kNow));
}

TEST_F(KnownAddressesTest, ALoginBindsARowThatNamesNoUser) {
  store::Database database = test::must_open(scratch / "a.db");
  make_unbound(database);
  remember(kHere, kNow);
  EXPECT_EQ(*database.query_integer("SELECT user_id FROM known_addresses"), alice.id);
  EXPECT_TRUE(knows(kHere, kNow));
}

TEST_F(KnownAddressesTest, IsDurable) {
  remember(kHere, kNow);
  store::Database database = test::must_open(scratch / "a.db");
  EXPECT_EQ(known_address_table::last_login(database, kHere, {alice.id, 0}).value()->ms, kNow.ms);
  EXPECT_FALSE(known_address_table::last_login(database, kHere, {alice.id, 1}).value().has_value());
}

TEST_F(KnownAddressesTest, WritesAPairOnceADayAtMost) {
  remember(kHere, kNow);
  EXPECT_EQ(writes() - writes_before, 1U);
  remember(kHere, {after_days(1).ms - 1});
  EXPECT_EQ(writes() - writes_before, 1U);
  EXPECT_FALSE(knows(kHere, after_days(31)));
  remember(kHere, after_days(1));
  EXPECT_EQ(writes() - writes_before, 2U);
  EXPECT_TRUE(knows(kHere, after_days(31)));
}

TEST_F(KnownAddressesTest, SaysThatTheStoreRefused) {
  ASSERT_TRUE(test::must_open(scratch / "a.db").execute("DROP TABLE known_addresses").has_value());
  EXPECT_FALSE(rig.wait(known.knows(kHere, "alice", kNow)).has_value());
  EXPECT_FALSE(rig.wait(known.remember(kHere, {alice.id, 0}, kNow)).has_value());
}

TEST_F(KnownAddressesTest, ForgetsWhatIsTooOldWithItsWrites) {
  remember(kHere, kNow);
  for (std::size_t i = 1; i < SqliteKnownAddresses::kWritesPerPruning; ++i)
    remember(numbered(1000 + i), after_days(31), fleeting(1000 + static_cast<std::int64_t>(i)));
  store::Database database = test::must_open(scratch / "a.db");
  EXPECT_FALSE(known_address_table::last_login(database, kHere, {alice.id, 0}).value().has_value());
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM known_addresses"),
            static_cast<std::int64_t>(SqliteKnownAddresses::kWritesPerPruning) - 1);
}

class KnownAddressTableTest : public ::testing::Test {
 protected:
  /// Puts one row for each of `count` users.
  void put(std::size_t first, std::size_t count, WallTime when) {
    Result<store::Transaction> transaction = store::Transaction::begin(database);
    for (std::size_t i = first; i < first + count; ++i) {
      ASSERT_TRUE(known_address_table::put(database, numbered(i), {static_cast<std::int64_t>(i), 0}, when)
                      .has_value());
    }
    ASSERT_TRUE(transaction->commit().has_value());
  }
  bool has(std::size_t number) { return has(number, static_cast<std::int64_t>(number)); }
  bool has(std::size_t number, std::int64_t user) {
    return known_address_table::last_login(database, numbered(number), {user, 0}).value().has_value();
  }
  std::int64_t rows() { return *database.query_integer("SELECT count(*) FROM known_addresses"); }

  test::TemporaryDirectory scratch;
  store::Database database = test::must_open(scratch / "a.db");
};

TEST_F(KnownAddressTableTest, PruningForgetsWhatIsTooOldAndKeepsTheRest) {
  put(0, 3, kNow);
  put(3, 4, {kNow.ms + 1});
  EXPECT_EQ(known_address_table::prune(database, after_days(30)).value(), 0);
  EXPECT_EQ(known_address_table::prune(database, {after_days(30).ms + 1}).value(), 3);
  EXPECT_EQ(rows(), 4);
  EXPECT_TRUE(has(3));
}

TEST_F(KnownAddressTableTest, PruningForgetsTheOldestPastTheBound) {
  put(0, 2, {kNow.ms + 2});
  put(2, 2, kNow);
  put(4, 2, {kNow.ms + 1});
  EXPECT_EQ(known_address_table::prune(database, kNow, 3).value(), 3);
  EXPECT_TRUE(has(0) && has(1));
  EXPECT_FALSE(has(2) || has(3));
  EXPECT_EQ(rows(), 3);
  EXPECT_EQ(known_address_table::prune(database, kNow, 3).value(), 0);
}

TEST_F(KnownAddressTableTest, OnePruningRemovesABoundedNumberOfRows) {
  put(0, static_cast<std::size_t>(known_address_table::kMaxPrunedRows) + 10, kNow);
  EXPECT_EQ(known_address_table::prune(database, after_days(31)).value(),
            known_address_table::kMaxPrunedRows);
  EXPECT_EQ(known_address_table::prune(database, after_days(31)).value(), 10);
  put(0, static_cast<std::size_t>(known_address_table::kMaxPrunedRows) + 10, kNow);
  EXPECT_EQ(known_address_table::prune(database, kNow, 1).value(), known_address_table::kMaxPrunedRows);
  EXPECT_EQ(known_address_table::prune(database, kNow, 1).value(), 9);
}

TEST_F(KnownAddressTableTest, AUserHasABoundedNumberOfRowsTheLatest) {
  constexpr std::int64_t kMost = known_address_table::kMaxRowsPerUser;
  constexpr KnownUser kAlice{1, 0};
  put(5000, 3, kNow);
  for (std::int64_t i = 0; i < kMost + 5; ++i) {
    const auto number = static_cast<std::size_t>(i);
    ASSERT_TRUE(known_address_table::put(database, numbered(number), kAlice, {kNow.ms + i}).has_value());
  }
  EXPECT_EQ(rows(), kMost + 3);
  EXPECT_FALSE(has(0, 1) || has(4, 1));
  EXPECT_TRUE(has(5, 1) && has(static_cast<std::size_t>(kMost) + 4, 1));
  EXPECT_TRUE(has(5000) && has(5001) && has(5002)) << "other users' rows";
  // With a clock that was set back.
  ASSERT_TRUE(known_address_table::put(database, numbered(900), kAlice, {kNow.ms - 1}).has_value());
  EXPECT_TRUE(has(900, 1));
  EXPECT_FALSE(has(5, 1));
  EXPECT_EQ(rows(), kMost + 3);
}

TEST_F(KnownAddressTableTest, AUsersRowsAreFoundByAnIndex) {
  Result<store::Statement> plan = database.prepare(
      "EXPLAIN QUERY PLAN SELECT hash FROM known_addresses WHERE user_id = 1 AND hash <> x'00'"
      " ORDER BY last_login_ms DESC LIMIT 10 OFFSET 99");
  ASSERT_TRUE(plan.has_value() && plan->step().value());
  EXPECT_NE(plan->text(3).find("known_addresses_by_user"), std::string_view::npos) << plan->text(3);
  EXPECT_FALSE(plan->step().value()) << "it is sorted";
}

}  // namespace
}  // namespace latchkey::credential
