#include "latchkey/credential/known_addresses.h"

#include <gtest/gtest.h>

#include "../store/store_rig.h"
#include "latchkey/credential/known_address_table.h"
#include "latchkey/credential/sqlite_known_addresses.h"

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

class KnownAddressesTest : public ::testing::Test {
 protected:
  bool knows(const KnownAddressHash& hash, WallTime now) { return rig.wait(known.knows(hash, now)).value(); }
  void remember(const KnownAddressHash& hash, WallTime now) {
    EXPECT_TRUE(rig.wait(known.remember(hash, now)).has_value());
  }
  std::uint64_t writes() const { return rig.store.metrics().writes.load(); }

  store::ScratchDirectory scratch;
  store::StoreRig rig{store::must_open(scratch / "a.db")};
  SqliteKnownAddresses known{rig.port(), rig.store};
};

TEST_F(KnownAddressesTest, KnowsWhatItRemembersForThirtyDaysAndNothingElse) {
  EXPECT_FALSE(knows(kHere, kNow));
  remember(kHere, kNow);
  EXPECT_TRUE(knows(kHere, kNow));
  EXPECT_FALSE(knows(kThere, kNow));
  EXPECT_TRUE(knows(kHere, after_days(30)));
  EXPECT_FALSE(knows(kHere, {after_days(30).ms + 1}));
}

TEST_F(KnownAddressesTest, IsDurable) {
  remember(kHere, kNow);
  store::Database database = store::must_open(scratch / "a.db");
  EXPECT_EQ(known_address_table::last_login(database, kHere).value()->ms, kNow.ms);
}

TEST_F(KnownAddressesTest, WritesAPairOnceADayAtMost) {
  remember(kHere, kNow);
  EXPECT_EQ(writes(), 1U);
  remember(kHere, {after_days(1).ms - 1});
  EXPECT_EQ(writes(), 1U);
  EXPECT_FALSE(knows(kHere, after_days(31)));
  remember(kHere, after_days(1));
  EXPECT_EQ(writes(), 2U);
  EXPECT_TRUE(knows(kHere, after_days(31)));
}

TEST_F(KnownAddressesTest, SaysThatTheStoreRefused) {
  ASSERT_TRUE(store::must_open(scratch / "a.db").execute("DROP TABLE known_addresses").has_value());
  EXPECT_FALSE(rig.wait(known.knows(kHere, kNow)).has_value());
  EXPECT_FALSE(rig.wait(known.remember(kHere, kNow)).has_value());
}

TEST_F(KnownAddressesTest, ForgetsWhatIsTooOldWithItsWrites) {
  remember(kHere, kNow);
  for (std::size_t i = 1; i < SqliteKnownAddresses::kWritesAPruning; ++i)
    remember(numbered(1000 + i), after_days(31));
  store::Database database = store::must_open(scratch / "a.db");
  EXPECT_FALSE(known_address_table::last_login(database, kHere).value().has_value());
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM known_addresses"),
            static_cast<std::int64_t>(SqliteKnownAddresses::kWritesAPruning) - 1);
}

class KnownAddressTableTest : public ::testing::Test {
 protected:
  void put(std::size_t first, std::size_t count, WallTime when) {
    Result<store::Transaction> transaction = store::Transaction::begin(database);
    for (std::size_t i = first; i < first + count; ++i)
      ASSERT_TRUE(known_address_table::put(database, numbered(i), when).has_value());
    ASSERT_TRUE(transaction->commit().has_value());
  }
  bool has(std::size_t number) {
    return known_address_table::last_login(database, numbered(number)).value().has_value();
  }
  std::int64_t rows() { return *database.query_integer("SELECT count(*) FROM known_addresses"); }

  store::ScratchDirectory scratch;
  store::Database database = store::must_open(scratch / "a.db");
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

}  // namespace
}  // namespace latchkey::credential
