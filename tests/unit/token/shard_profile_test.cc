// What becomes of a user's groups and details: at a check, with a login that is under way, and with a start.
#include <gtest/gtest.h>

#include "shard_fixture.h"

namespace latchkey::token {
namespace {

using Groups = std::vector<std::string>;

class ShardProfileTest : public ShardTest {
 protected:
  /// Writes the groups, as a transaction does, and returns what the shard is to be told.
  ProfileParts write_groups(std::int64_t user_id, Groups groups) {
    ProfileParts& profile = login_check_.profiles[user_id];
    profile.groups = std::move(groups);
    ++profile.number;
    return profile;
  }
  bool tell(std::int64_t user_id, const ProfileParts& profile) {
    return shard().set_profile(user_id, profile).value();
  }
  /// In the API's order: first the write, then what the shard is told.
  void change_groups(std::int64_t user_id, Groups groups) {
    tell(user_id, write_groups(user_id, std::move(groups)));
  }

  const Profile* profile_of(const Token& token, std::uint32_t from = 1) {
    const Admission admission = registry_->check(token, binding(from), now());
    EXPECT_EQ(admission.outcome, Outcome::kAdmitted);
    return admission.user ? admission.user->profile() : nullptr;
  }
  Groups groups_of(const Token& token, std::uint32_t from = 1) {
    const Profile* const profile = profile_of(token, from);
    return profile == nullptr ? Groups() : profile->groups();
  }
};

TEST_F(ShardProfileTest, AUserWithoutGroupsAndDetailsHasNone) {
  EXPECT_EQ(profile_of(log_in(kAlice).token), nullptr);
}

TEST_F(ShardProfileTest, ANewTokenHasTheGroupsThatItsUserHas) {
  write_groups(kAlice, {"admins", "staff"});
  EXPECT_EQ(groups_of(log_in(kAlice).token), (Groups{"admins", "staff"}));
  EXPECT_EQ(profile_of(log_in(kBob).token), nullptr);
}

TEST_F(ShardProfileTest, AChangeReachesEveryTokenThatTheUserHas) {
  const Token first = log_in(kAlice, 1).token;
  change_groups(kAlice, {"staff"});
  EXPECT_EQ(groups_of(first, 1), Groups{"staff"});
  const Token second = log_in(kAlice, 2).token;
  change_groups(kAlice, {"admins", "staff"});
  EXPECT_EQ(groups_of(first, 1), (Groups{"admins", "staff"}));
  EXPECT_EQ(groups_of(second, 2), (Groups{"admins", "staff"}));
  change_groups(kAlice, {});
  EXPECT_EQ(profile_of(first, 1), nullptr);
  EXPECT_EQ(profile_of(second, 2), nullptr);
}

TEST_F(ShardProfileTest, ALoneUserKeepsNameAndTokenWithTheFirstGroup) {
  const Token token = log_in(kAlice).token;
  change_groups(kAlice, {"staff"});
  const Admission admission = registry_->check(token, binding(1), now());
  ASSERT_EQ(admission.outcome, Outcome::kAdmitted);
  EXPECT_EQ(admission.user->id(), kAlice);
  EXPECT_EQ(admission.user->name(), "user7");
  EXPECT_EQ(shard().counts().users, 1U);
  EXPECT_FALSE(log_in(kAlice).is_new);
}

TEST_F(ShardProfileTest, WhatACheckWasGivenStaysUntilThePassEnds) {
  const Token token = log_in(kAlice).token;
  change_groups(kAlice, {"staff"});
  const Admission before = registry_->check(token, binding(1), now());
  change_groups(kAlice, {});
  EXPECT_EQ(before.user->profile()->groups(), Groups{"staff"});
  EXPECT_GT(quiescence_.retired(0), 0U);
  turn();
  turn();
  EXPECT_EQ(quiescence_.retired(0), 0U);
}

// The write comes before the look, and what the shard is told comes late.
TEST_F(ShardProfileTest, ALoginThatSawTheChangeIsNotSetBackByAnEarlierOne) {
  const ProfileParts earlier = write_groups(kAlice, {"admins"});
  const ProfileParts later = write_groups(kAlice, {});
  const Token token = log_in(kAlice).token;
  tell(kAlice, earlier);
  EXPECT_EQ(profile_of(token), nullptr);
  tell(kAlice, later);
  EXPECT_EQ(profile_of(token), nullptr);
}

// The look comes before the write, and what it saw arrives after what the shard is told.
TEST_F(ShardProfileTest, ALoginThatLookedBeforeTheChangeDoesNotUndoIt) {
  write_groups(kAlice, {"admins"});
  login_check_.holds = true;
  const auto login = start_login(kAlice);
  change_groups(kAlice, {});
  login_check_.holds = false;
  answer(login_check_);
  EXPECT_EQ(profile_of(login->value().value().token), nullptr);
}

TEST_F(ShardProfileTest, NorDoesALoginThatLookedBeforeTheFirstGroup) {
  login_check_.holds = true;
  const auto login = start_login(kAlice);
  change_groups(kAlice, {"staff"});
  login_check_.holds = false;
  answer(login_check_);
  EXPECT_EQ(groups_of(login->value().value().token), Groups{"staff"});
}

TEST_F(ShardProfileTest, AChangeWhileTheTokenIsBeingWrittenReachesIt) {
  write_groups(kAlice, {"admins"});
  store_.holds = true;
  const auto login = start_login(kAlice);
  change_groups(kAlice, {"staff"});
  while (store_.is_asked()) answer(store_);
  EXPECT_EQ(groups_of(login->value().value().token), Groups{"staff"});
}

TEST_F(ShardProfileTest, ATokenThatIsGivenAgainLearnsWhatItsShardWasNotTold) {
  const Token token = log_in(kAlice).token;
  write_groups(kAlice, {"staff"});
  EXPECT_FALSE(log_in(kAlice).is_new);
  EXPECT_EQ(groups_of(token), Groups{"staff"});
}

TEST_F(ShardProfileTest, ARefusedLoginLeavesNothingBehind) {
  write_groups(kAlice, {"staff"});
  store_.holds = true;
  const auto login = start_login(kAlice);
  store_.refusal = Error{ErrorCode::kUnavailable, "the disk is full"};
  while (store_.is_asked()) answer(store_);
  EXPECT_FALSE(login->value());
  EXPECT_EQ(shard().counts().users, 0U);
  EXPECT_EQ(shard().table().index_cells(), 0U);
}

TEST_F(ShardProfileTest, ALoginWithAProfileIsRefusedWhileTooMuchWaitsToBeFreed) {
  write_groups(kAlice, {"staff"});
  login_check_.holds = true;
  const auto with_groups = start_login(kAlice);
  const auto without = start_login(kBob);
  const auto keep = [](void*, void*, std::size_t) noexcept {};
  while (shard().table().can_retire()) quiescence_.retire(0, keep, nullptr, nullptr, 0);
  login_check_.holds = false;
  answer(login_check_);
  EXPECT_EQ(with_groups->value().error().code, ErrorCode::kOverloaded);
  EXPECT_TRUE(without->value().has_value()) << "which retires nothing";
  EXPECT_EQ(shard().counts().users, 1U);
  turn();
  EXPECT_EQ(groups_of(log_in(kAlice).token), Groups{"staff"});
}

TEST_F(ShardProfileTest, TheProfileGoesWithTheLastTokenOfItsUser) {
  change_groups(kAlice, {"staff"});
  const Token token = log_in(kAlice).token;
  start(shard().end(token, binding(1)));
  EXPECT_EQ(check(token), Outcome::kExpired);
  EXPECT_EQ(shard().counts().users, 0U);
  change_groups(kAlice, {"admins"});
  EXPECT_EQ(groups_of(log_in(kAlice).token), Groups{"admins"});
}

TEST_F(ShardProfileTest, AfterAStartTheTokensHaveTheProfileThatIsLoaded) {
  const Token token = log_in(kAlice, 1).token;
  const Token other = log_in(kAlice, 2).token;
  restart(true);
  EXPECT_EQ(profile_of(token), nullptr);
  tell(kAlice, write_groups(kAlice, {"staff"}));
  EXPECT_EQ(groups_of(token, 1), Groups{"staff"});
  EXPECT_EQ(groups_of(other, 2), Groups{"staff"});
}

TEST_F(ShardProfileTest, CountsTheMemoryOfItsProfilesAndGivesItBack) {
  const Token token = log_in(kAlice, 1).token;
  log_in(kAlice, 2);
  const std::size_t before = shard().counts().memory_bytes;
  change_groups(kAlice, {std::string(64, 'g')});
  EXPECT_GE(shard().counts().memory_bytes, before + profile_of(token)->bytes());
  change_groups(kAlice, {});
  EXPECT_EQ(shard().counts().memory_bytes, before);
}

}  // namespace
}  // namespace latchkey::token
