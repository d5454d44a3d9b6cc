#include "token/entry.h"

#include <gtest/gtest.h>

#include <cstring>

namespace latchkey::token {
namespace {

Secret secret_of(std::uint8_t first) {
  Secret secret;
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(first + i);
  return secret;
}

store::BindingHash binding_of(std::uint8_t first) {
  store::BindingHash hash;
  for (std::size_t i = 0; i < hash.size(); ++i) hash[i] = static_cast<std::uint8_t>(first + i);
  return hash;
}

TEST(State, HoldsEachPartAtItsWidestBesideTheOthers) {
  const State state(TableTime{kMaxTableMs}, false, Life::kInactive, State::kMaxGeneration);
  EXPECT_EQ(state.last_used().ms, kMaxTableMs);
  EXPECT_FALSE(state.unsaved());
  EXPECT_EQ(state.life(), Life::kInactive);
  EXPECT_EQ(state.generation(), State::kMaxGeneration);
  const State other(TableTime{0}, true, Life::kFree, 0);
  EXPECT_EQ(other.last_used().ms, 0);
  EXPECT_TRUE(other.unsaved());
  EXPECT_EQ(other.life(), Life::kFree);
  EXPECT_EQ(other.generation(), 0U);
}

TEST(State, OfZeroMemoryIsFree) {
  EXPECT_EQ(State().life(), Life::kFree);
  EXPECT_EQ(State().word(), 0U);
}

TEST(State, ChangesOnePartAndKeepsTheOthers) {
  const State live(TableTime{5000}, false, Life::kLive, 77);
  EXPECT_EQ(live.used_at({6000}, 1000), State(TableTime{6000}, true, Life::kLive, 77, 1));
  EXPECT_EQ(live.used_at({6000}, 1000).saved(), State(TableTime{6000}, false, Life::kLive, 77));
  EXPECT_EQ(live.not_saved(), State(TableTime{5000}, true, Life::kLive, 77, State::kMaxLag));
  EXPECT_EQ(live.assumed(), State(TableTime{5000}, false, Life::kLive, 77, State::kMaxLag));
  EXPECT_EQ(live.not_saved().dead(Life::kDeleted, {7000}), State(TableTime{7000}, false, Life::kDeleted, 77));
}

TEST(State, ItsLagIsThatOfTheWholeWayHoweverManyUsesItTook) {
  constexpr std::int64_t kStepMs = 450;
  State state(TableTime{1'000'123}, false, Life::kLive, 1);
  for (TableTime used{1'000'123}; !state.is_save_due(); used.ms += 7) {
    state = state.used_at(used, kStepMs);
    const auto steps = static_cast<std::uint32_t>(used.ms / kStepMs - 1'000'123 / kStepMs);
    ASSERT_EQ(state.lag(), steps) << used.ms;
    // What is not due is less than four whole steps behind.
    if (!state.is_save_due()) {
      ASSERT_LT(used.ms - 1'000'123, State::kLagDue * kStepMs);
    }
  }
  EXPECT_EQ(state.used_at({state.last_used().ms + 1'000'000}, kStepMs).lag(), State::kMaxLag);
  EXPECT_FALSE(state.saved().is_save_due());
}

TEST(State, WhatIsAssumedIsDueWithItsFirstUse) {
  const State assumed = State(TableTime{5000}, false, Life::kLive, 1).assumed();
  EXPECT_FALSE(assumed.is_save_due());
  EXPECT_TRUE(assumed.used_at({5001}, 1000).is_save_due());
}

TEST(Life, IsThatOfTheRecordedDeath) {
  EXPECT_EQ(life_of(store::Death::kNone), Life::kLive);
  EXPECT_EQ(life_of(store::Death::kExpired), Life::kExpired);
  EXPECT_EQ(life_of(store::Death::kDeleted), Life::kDeleted);
  EXPECT_EQ(life_of(store::Death::kLimit), Life::kLimit);
  EXPECT_EQ(life_of(store::Death::kInactive), Life::kInactive);
}

TEST(Entry, IsEightWordsWithTheStateFirst) {
  Entry entry;
  State free;
  ASSERT_TRUE(entry.change(free, State(TableTime{1}, true, Life::kLive, 2)));
  std::uint64_t word = 0;
  static_assert(sizeof(Entry) == 64);
  std::memcpy(&word, static_cast<const void*>(&entry), sizeof word);
  EXPECT_EQ(State(word), entry.state());
}

TEST(Entry, KeepsEverythingThatItIsFilledWithApart) {
  Entry entry;
  const UserRef user = UserRef::to_record(0x7FFF'FFFE);
  entry.fill(SecretWords(secret_of(10)), BindingWords(binding_of(100)), 255);
  entry.set_listed_user(user);
  entry.set_row(store::kMaxRowId);
  entry.set_wheel_next(0xFFFF'FFFD);
  entry.set_previous(0xFFFF'FFFC);
  entry.set_next(0xFFFF'FFFB);
  EXPECT_EQ(entry.secret(), secret_of(10));
  EXPECT_EQ(entry.binding(), binding_of(100));
  EXPECT_EQ(entry.key_number(), 255);
  EXPECT_EQ(entry.user(), user);
  EXPECT_EQ(entry.row(), store::kMaxRowId);
  EXPECT_EQ(entry.wheel_next(), 0xFFFF'FFFDU);
  EXPECT_EQ(entry.previous(), 0xFFFF'FFFCU);
  EXPECT_EQ(entry.next(), 0xFFFF'FFFBU);
  entry.set_row(1);
  entry.set_wheel_next(0);
  entry.set_previous(0);
  EXPECT_EQ(entry.secret(), secret_of(10));
  EXPECT_EQ(entry.key_number(), 255);
  EXPECT_EQ(entry.user(), user);
  EXPECT_EQ(entry.row(), 1);
  EXPECT_EQ(entry.next(), 0xFFFF'FFFBU);
}

TEST(Entry, OfALoneUserSaysWhoItIsAndIsInNoList) {
  Entry entry;
  entry.fill(SecretWords(secret_of(10)), BindingWords(binding_of(100)), 255);
  entry.set_wheel_next(77);
  entry.set_lone_user(UserRef::to_name(0x7FFF'FFFF), LoneUser(LoneUser::kMaxId, 255, 0xFFFF));
  EXPECT_TRUE(entry.user().is_name());
  EXPECT_EQ(entry.user().name(), 0x7FFF'FFFFU);
  EXPECT_EQ(entry.lone_user().id(), LoneUser::kMaxId);
  EXPECT_EQ(entry.lone_user().name_bytes(), 255U);
  EXPECT_EQ(entry.lone_user().tag(), 0xFFFF);
  EXPECT_EQ(entry.wheel_next(), 77U);
  EXPECT_EQ(entry.next(), 0U);
  EXPECT_EQ(entry.previous(), 0U);
  entry.set_listed_user(UserRef::to_record(5));
  EXPECT_EQ(entry.user().record(), 5U);
  EXPECT_FALSE(entry.user().is_name());
  EXPECT_EQ(entry.wheel_next(), 77U);
  EXPECT_EQ(entry.next(), 0U);
}

TEST(Entry, AReaderWhoseUserGetsASecondTokenMeanwhileSeesHimWhole) {
  Entry entry;
  entry.fill(SecretWords(secret_of(10)), BindingWords(binding_of(100)), 1);
  entry.set_lone_user(UserRef::to_name(7), LoneUser(42, 5, 0x1234));
  int held = 0;
  const Entry::Holder holder = entry.holder([&] {
    if (held++ > 0) return;
    entry.set_listed_user(UserRef::to_record(9));
    entry.set_next(0xFFFF'FFFF);
  });
  EXPECT_EQ(held, 2);
  EXPECT_EQ(holder.user, UserRef::to_record(9));
}

TEST(LoneUser, KeepsItsPartsApart) {
  const LoneUser user(0, 255, 0);
  EXPECT_EQ(user.id(), 0);
  EXPECT_EQ(user.name_bytes(), 255U);
  EXPECT_EQ(user.tag(), 0);
}

TEST(Entry, KnowsItsSecretAndItsBindingByEveryBit) {
  Entry entry;
  entry.fill(SecretWords(secret_of(10)), BindingWords(binding_of(100)), 1);
  EXPECT_TRUE(entry.has_secret(SecretWords(secret_of(10))));
  EXPECT_TRUE(entry.has_binding(BindingWords(binding_of(100))));
  for (std::size_t bit = 0; bit < 8 * kSecretBytes; ++bit) {
    Secret other = secret_of(10);
    other[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(entry.has_secret(SecretWords(other))) << bit;
  }
  for (std::size_t bit = 0; bit < 8 * sizeof(store::BindingHash); ++bit) {
    store::BindingHash other = binding_of(100);
    other[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(entry.has_binding(BindingWords(other))) << bit;
  }
}

TEST(Entry, GivenAStateThatHasChangedAChangeFailsAndTellsWhatItIs) {
  Entry entry;
  State seen;
  ASSERT_TRUE(entry.change(seen, State(TableTime{1}, false, Life::kPending, 9)));
  State old;
  EXPECT_FALSE(entry.change(old, State(TableTime{2}, false, Life::kLive, 9)));
  EXPECT_EQ(old, State(TableTime{1}, false, Life::kPending, 9));
}

}  // namespace
}  // namespace latchkey::token
