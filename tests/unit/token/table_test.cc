#include "latchkey/token/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "shard_fixture.h"

namespace latchkey::token {
namespace {

class TableTest : public ::testing::Test {
 protected:
  static constexpr TableTime kNow{1'000'000};
  static constexpr std::int64_t kTimeoutMs = 60'000;
  static constexpr std::size_t kMaxEntries = 5'000;

  TableTest() {
    quiescence_.activate(0);
    table_ = Table::create(pages_.client(0), quiescence_, 0,
                           {.max_entries = kMaxEntries,
                            .timeout = std::chrono::milliseconds(kTimeoutMs),
                            .index_segments = 16},
                           random_)
                 .value();
  }

  static Token token(std::uint32_t number, Tag tag = 0x1234) {
    Secret secret{};
    for (std::size_t i = 0; i < 4; ++i) secret[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return {tag, secret};
  }
  EntryId add(std::uint32_t number, std::int64_t user_id = 1) {
    quiescence_.activate(0);
    table_->collect();
    return table_->add({token(number), binding(number), user_id, "user", 1});
  }
  EntryId add_live(std::uint32_t number, std::int64_t user_id = 1, TableTime used = kNow) {
    const EntryId id = add(number, user_id);
    table_->make_live(id, number, used, Table::Stored::kExactly);
    return id;
  }
  Verdict check(std::uint32_t number, TableTime now = kNow) {
    return table_->check(token(number), binding(number), now);
  }
  void die(EntryId id, Life reason) {
    State state = table_->entry(id).state();
    ASSERT_TRUE(table_->entry(id).change(state, state.dead(reason, kNow)));
    table_->leave_user(id);
  }

  SystemRandom random_;
  runtime::PageSource pages_{1, runtime::PageSource::Mode::kInPlace};
  runtime::Quiescence quiescence_{1};
  std::unique_ptr<Table> table_;
};

TEST_F(TableTest, ALiveTokenIsItsUsers) {
  add_live(1, 42);
  const Verdict verdict = check(1);
  EXPECT_EQ(verdict.outcome, Outcome::kAdmitted);
  EXPECT_EQ(verdict.user.id(), 42);
  EXPECT_EQ(verdict.user.name(), "user");
}

TEST_F(TableTest, APendingTokenAdmitsNobody) {
  const EntryId id = add(1);
  EXPECT_EQ(check(1).outcome, Outcome::kUnknown);
  table_->make_live(id, 1, kNow, Table::Stored::kExactly);
  EXPECT_EQ(check(1).outcome, Outcome::kAdmitted);
}

TEST_F(TableTest, ATokenThatDiffersInAnyBitIsUnknown) {
  add_live(1);
  for (std::size_t bit = 0; bit < 8 * kTokenBytes; ++bit) {
    Token::Digits digits = token(1).digits();
    Token::Bytes bytes = token(1).bytes();
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    to_hex(bytes, digits.data());
    const Token other = *Token::parse({digits.data(), digits.size()});
    EXPECT_EQ(table_->check(other, binding(1), kNow).outcome, Outcome::kUnknown) << bit;
    EXPECT_EQ(table_->find(other, binding(1)), 0U) << bit;
  }
}

TEST_F(TableTest, AnotherBindingIsToldNothingWhetherTheTokenLivesOrNot) {
  const EntryId id = add_live(1);
  EXPECT_EQ(table_->check(token(1), binding(2), kNow).outcome, Outcome::kUnknown);
  EXPECT_EQ(table_->find(token(1), binding(2)), 0U);
  die(id, Life::kLimit);
  EXPECT_EQ(table_->check(token(1), binding(2), kNow).outcome, Outcome::kUnknown);
  EXPECT_EQ(check(1).outcome, Outcome::kLimit);
}

TEST_F(TableTest, EachDeathHasItsOutcome) {
  die(add_live(1), Life::kExpired);
  die(add_live(2), Life::kDeleted);
  die(add_live(3), Life::kLimit);
  die(add_live(4), Life::kInactive);
  EXPECT_EQ(check(1).outcome, Outcome::kExpired);
  EXPECT_EQ(check(2).outcome, Outcome::kExpired);
  EXPECT_EQ(check(3).outcome, Outcome::kLimit);
  EXPECT_EQ(check(4).outcome, Outcome::kInactive);
}

TEST_F(TableTest, ATokenIsAdmittedUntilItsTimeoutAndOneSecondHavePassed) {
  add_live(1);
  add_live(2);
  EXPECT_EQ(check(1, {kNow.ms + kTimeoutMs + 999}).outcome, Outcome::kAdmitted);
  EXPECT_EQ(check(2, {kNow.ms + kTimeoutMs + 1000}).outcome, Outcome::kExpired);
}

TEST_F(TableTest, AUseMovesTheTimeOnlyBySecondsAndMarksItUnsaved) {
  const EntryId id = add_live(1);
  EXPECT_EQ(check(1, {kNow.ms + 999}).outcome, Outcome::kAdmitted);
  EXPECT_EQ(table_->entry(id).state().last_used(), kNow);
  EXPECT_FALSE(table_->entry(id).state().unsaved());
  EXPECT_EQ(check(1, {kNow.ms + 1000}).outcome, Outcome::kAdmitted);
  EXPECT_EQ(table_->entry(id).state().last_used().ms, kNow.ms + 1000);
  EXPECT_TRUE(table_->entry(id).state().unsaved());
}

TEST_F(TableTest, ATokenLivesAtLeastItsTimeoutAfterAUseThatWasNotRecorded) {
  add_live(1);
  EXPECT_EQ(check(1, {kNow.ms + 999}).outcome, Outcome::kAdmitted);
  EXPECT_EQ(check(1, {kNow.ms + 999 + kTimeoutMs}).outcome, Outcome::kAdmitted);
}

TEST_F(TableTest, ACoreWhoseClockIsBehindMovesNoTimeBack) {
  const EntryId id = add_live(1);
  EXPECT_EQ(check(1, {kNow.ms - 5000}).outcome, Outcome::kAdmitted);
  EXPECT_EQ(table_->entry(id).state().last_used(), kNow);
}

TEST_F(TableTest, ARemovedTokenIsUnknownAndItsEntryIsUsedAgain) {
  const EntryId id = add_live(1);
  die(id, Life::kDeleted);
  table_->remove(id);
  EXPECT_EQ(check(1).outcome, Outcome::kUnknown);
  EXPECT_EQ(table_->entries(), 0U);
  EXPECT_EQ(add_live(2), id);
  EXPECT_EQ(check(1).outcome, Outcome::kUnknown);
  EXPECT_EQ(check(2).outcome, Outcome::kAdmitted);
}

TEST_F(TableTest, AnEntryThatTheWheelHoldsIsNotUsedAgainBeforeItLetsGo) {
  const EntryId id = add_live(1);
  table_->entry(id).set_wheel_next(0xFFFF'FFFF);
  die(id, Life::kDeleted);
  table_->remove(id);
  EXPECT_EQ(table_->entries(), 0U);
  EXPECT_NE(add_live(2), id);
  table_->release_from_wheel(id);
  EXPECT_EQ(add_live(3), id);
}

TEST_F(TableTest, AUsersEntriesStandInTheOrderOfTheirCreation) {
  const EntryId first = add_live(1);
  const EntryId second = add_live(2);
  const EntryId third = add_live(3);
  EXPECT_EQ(table_->tokens_of(1).count, 3U);
  die(second, Life::kDeleted);
  EXPECT_EQ(table_->tokens_of(1).first, first);
  EXPECT_EQ(table_->entry(first).next(), third);
  EXPECT_EQ(table_->entry(third).previous(), first);
  die(third, Life::kDeleted);
  EXPECT_EQ(table_->tokens_of(1).last, first);
  EXPECT_EQ(table_->tokens_of(1).count, 1U);
}

TEST_F(TableTest, AnEntryIsFoundByItsUserAndBindingWhileItIsPendingOrLive) {
  const EntryId id = add(5, 42);
  EXPECT_EQ(table_->find_bound(42, binding(5)), id);
  EXPECT_EQ(table_->find_bound(43, binding(5)), 0U);
  EXPECT_EQ(table_->find_bound(42, binding(6)), 0U);
  table_->make_live(id, 5, kNow, Table::Stored::kExactly);
  EXPECT_EQ(table_->find_bound(42, binding(5)), id);
  die(id, Life::kExpired);
  EXPECT_EQ(table_->find_bound(42, binding(5)), 0U);
}

TEST_F(TableTest, AUserGoesWithTheLastTokenAndTheRecordWhenNoCoreHoldsIt) {
  const EntryId id = add_live(1, 42);
  const EntryId other = add_live(2, 42);
  EXPECT_EQ(table_->users(), 1U);
  const Verdict held = check(1);
  die(id, Life::kDeleted);
  EXPECT_EQ(table_->tokens_of(42).count, 1U);
  die(other, Life::kDeleted);
  EXPECT_EQ(table_->tokens_of(42).count, 0U);
  EXPECT_EQ(table_->users(), 0U);
  table_->collect();
  EXPECT_EQ(held.user.name(), "user");  // this core's pass has not ended
  EXPECT_GT(quiescence_.retired(0), 0U);
  quiescence_.activate(0);
  table_->collect();
  EXPECT_EQ(quiescence_.retired(0), 0U);
}

TEST_F(TableTest, AUserWithOneTokenTakesNoRecordAndASecondTokenChangesNothingThatIsTold) {
  const EntryId first = add_live(1, 42);
  EXPECT_TRUE(table_->entry(first).user().is_name());
  EXPECT_EQ(table_->tokens_of(42).first, first);
  const Verdict before = check(1);
  const EntryId second = add_live(2, 42);
  EXPECT_FALSE(table_->entry(first).user().is_name());
  EXPECT_EQ(table_->entry(first).user(), table_->entry(second).user());
  EXPECT_EQ(table_->tokens_of(42).first, first);
  EXPECT_EQ(table_->tokens_of(42).last, second);
  EXPECT_EQ(table_->token_of(first), token(1));
  EXPECT_EQ(table_->users(), 1U);
  EXPECT_EQ(check(1).user.id(), 42);
  EXPECT_EQ(check(1).user.name(), "user");
  EXPECT_EQ(before.user.name(), "user");  // the name that was handed out is not freed in this pass
}

TEST_F(TableTest, AUserWhoDoesNotFitIntoAnEntryHasARecordFromTheFirstTokenOn) {
  struct Case {
    std::int64_t user_id;
    std::string name;
    bool fits;
  };
  const std::vector<Case> cases = {
      {1, "a", true},
      {2, std::string(NameSlabs::kMaxNameBytes, 'n'), true},
      {3, std::string(NameSlabs::kMaxNameBytes + 1, 'n'), false},
      {4, "with space", false},
      {LoneUser::kMaxId, "largest", true},
      {LoneUser::kMaxId + 1, "larger", false},
  };
  std::uint32_t number = 100;
  for (const Case& one : cases) {
    ++number;
    const EntryId id = table_->add({token(number), binding(number), one.user_id, one.name, 1});
    table_->make_live(id, number, kNow, Table::Stored::kExactly);
    EXPECT_EQ(table_->entry(id).user().is_name(), one.fits) << one.name;
    EXPECT_EQ(check(number).user.id(), one.user_id);
    EXPECT_EQ(check(number).user.name(), one.name);
    EXPECT_EQ(table_->tokens_of(one.user_id).count, 1U);
  }
  EXPECT_EQ(check(104).user.header_name(), "with%20space");
}

TEST_F(TableTest, AUsersEntryIsFoundByItsBindingWhateverTheNumberOfHisTokens) {
  constexpr std::uint32_t kMany = 40;  // beyond the number up to which they are searched one by one
  for (std::uint32_t number = 1; number <= kMany; ++number) {
    const EntryId id = add_live(number, 42);
    EXPECT_EQ(table_->find_bound(42, binding(number)), id);
    EXPECT_EQ(table_->find_bound(42, binding(1)), table_->tokens_of(42).first) << number;
    EXPECT_EQ(table_->find_bound(42, binding(number + 1)), 0U);
  }
  for (std::uint32_t number = 1; number <= kMany; ++number) {
    die(table_->find_bound(42, binding(number)), Life::kDeleted);
    EXPECT_EQ(table_->find_bound(42, binding(number)), 0U);
    quiescence_.activate(0);
    table_->collect();
  }
  EXPECT_EQ(table_->users(), 0U);
}

TEST_F(TableTest, ANameIsFreedWithItsUser) {
  const EntryId id = add_live(1, 42);
  const UserRef name = table_->entry(id).user();
  die(id, Life::kDeleted);
  const EntryId same_pass = table_->add({token(2), binding(2), 43, "user", 1});
  EXPECT_NE(table_->entry(same_pass).user(), name);  // this core may still read it
  EXPECT_EQ(table_->entry(add(3, 44)).user(), name);
}

TEST_F(TableTest, PastItsBoundItTakesNoMoreAndNothingHasChanged) {
  std::uint32_t number = 1;
  while (add_live(number, number) != 0 && table_->entries() < kMaxEntries) ++number;
  EXPECT_EQ(table_->entries(), kMaxEntries);
  EXPECT_EQ(add(kMaxEntries + 1, 77'777), 0U);
  EXPECT_EQ(table_->entries(), kMaxEntries);
  EXPECT_EQ(table_->tokens_of(77'777).count, 0U);
  EXPECT_EQ(table_->users(), kMaxEntries);
  EXPECT_EQ(table_->add_dead(token(99'999), binding(1), 5, Life::kDeleted, kNow), 0U);
}

TEST_F(TableTest, ADeadEntryThatWasLoadedTellsItsReasonWithoutAUser) {
  const EntryId id = table_->add_dead(token(9), binding(9), 77, Life::kLimit, kNow);
  ASSERT_NE(id, 0U);
  EXPECT_EQ(check(9).outcome, Outcome::kLimit);
  EXPECT_EQ(table_->users(), 0U);
  EXPECT_EQ(table_->entry(id).row(), 77);
  table_->remove(id);
  EXPECT_EQ(check(9).outcome, Outcome::kUnknown);
}

TEST_F(TableTest, ItsMemoryComesBack) {
  const std::size_t empty = table_->bytes();
  std::vector<EntryId> ids;
  for (std::uint32_t number = 1; number <= kMaxEntries; ++number) ids.push_back(add_live(number, number));
  EXPECT_GT(table_->bytes(), empty);
  for (const EntryId id : ids) {
    quiescence_.activate(0);
    table_->collect();
    die(id, Life::kDeleted);
    table_->remove(id);
  }
  quiescence_.activate(0);
  table_->collect();
  EXPECT_LE(table_->bytes(), empty + 2 * Table::Entries::kChunkBytes);
  EXPECT_EQ(quiescence_.retired(0), 0U);
}

}  // namespace
}  // namespace latchkey::token
