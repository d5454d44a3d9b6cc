#include "token/user_record.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace latchkey::token {
namespace {

std::string header_name(std::string_view name) {
  UserRecord record;
  record.begin(1, 2, name);
  EXPECT_EQ(record.name(), name);
  std::string text(record.header_name());
  record.end();
  return text;
}

TEST(UserRecord, HoldsWhoItIs) {
  UserRecord record;
  record.begin(-5, 0xBEEF, "alice");
  EXPECT_EQ(record.id(), -5);
  EXPECT_EQ(record.tag(), 0xBEEF);
  EXPECT_EQ(record.name(), "alice");
  EXPECT_EQ(record.tokens.count, 0U);
  EXPECT_EQ(record.bytes_outside(), 0U);
  record.end();
}

TEST(UserRecord, OfAnOrdinaryNameIsInOneLineAndOfALongOneOutside) {
  for (const std::size_t length : {0U, 1U, 23U, 24U, 25U, 150U, 4096U}) {
    const std::string name(length, 'n');
    UserRecord record;
    record.begin(1, 2, name);
    EXPECT_EQ(record.name(), name);
    EXPECT_EQ(record.header_name(), name);
    EXPECT_EQ(record.bytes_outside(), length <= 24 ? 0U : length);
    record.end();
    record.begin(3, 4, "again");
    EXPECT_EQ(record.name(), "again");
    record.end();
  }
}

TEST(UserRecord, ANameOfVisibleAsciiStandsInAHeaderAsItIs) {
  EXPECT_EQ(header_name("alice@example.org!#~"), "alice@example.org!#~");
  EXPECT_EQ(header_name(""), "");
}

TEST(UserRecord, AnythingElseStandsThereByItsBytes) {
  EXPECT_EQ(header_name("a b"), "a%20b");
  EXPECT_EQ(header_name("100%"), "100%25");
  EXPECT_EQ(header_name("J\xC3\xBCrgen\x7F\r\n"), "J%C3%BCrgen%7F%0D%0A");
  EXPECT_EQ(header_name(std::string(4096, ' ')).size(), 3U * 4096);
}

TEST(UserRecord, HasNoProfileUntilItIsGivenOneAndLosesItAtItsEnd) {
  UserRecord record;
  record.begin(1, 2, "alice");
  EXPECT_EQ(record.view().profile(), nullptr);
  const ProfileParts parts{.number = 1, .groups = {"admins"}};
  EXPECT_EQ(record.replace_profile(1, Profile::make(parts)), nullptr);
  ASSERT_NE(record.view().profile(), nullptr);
  EXPECT_EQ(record.view().profile()->groups(), parts.groups);
  EXPECT_EQ(record.bytes_outside(), record.profile()->bytes());
  record.end();
  record.begin(3, 4, "bob");
  EXPECT_EQ(record.view().profile(), nullptr);
  EXPECT_TRUE(record.is_newer(1));
  record.end();
}

TEST(UserRecord, KnowsTheNumberOfItsLastProfileEvenIfThatWasEmpty) {
  UserRecord record;
  record.begin(1, 2, "alice");
  EXPECT_FALSE(record.is_newer(0));
  record.replace_profile(5, Profile::make({.number = 5, .groups = {"admins"}}));
  record.replace_profile(6, Profile::make({.number = 6}));
  EXPECT_EQ(record.profile(), nullptr);
  EXPECT_FALSE(record.is_newer(5));
  EXPECT_FALSE(record.is_newer(6));
  EXPECT_TRUE(record.is_newer(7));
  record.end();
}

TEST(Profile, OfNothingIsNone) {
  EXPECT_EQ(Profile::make({}), nullptr);
  EXPECT_EQ(Profile::make({.number = 3}), nullptr);
}

TEST(Profile, StandsInHeadersAsNamesDo) {
  const auto profile = Profile::make({.number = 1,
                                      .groups = {"a,b", "caf\xC3\xA9 crew", "ops"},
                                      .first_name = "Zo\xC3\xAB",
                                      .last_name = "de Vries",
                                      .email = "zoe@example.org"});
  EXPECT_EQ(profile->header_groups(), "a%2Cb,caf%C3%A9%20crew,ops");
  EXPECT_EQ(profile->header_full_name(), "Zo%C3%AB%20de%20Vries");
  EXPECT_EQ(profile->header_email(), "zoe@example.org");
}

TEST(Profile, OfOneNameHasNoBlankInIt) {
  EXPECT_EQ(Profile::make({.first_name = "Zoe"})->header_full_name(), "Zoe");
  EXPECT_EQ(Profile::make({.last_name = "Vries"})->header_full_name(), "Vries");
  EXPECT_EQ(Profile::make({.email = "a@b"})->header_full_name(), "");
  EXPECT_EQ(Profile::make({.email = "a@b"})->header_groups(), "");
}

}  // namespace
}  // namespace latchkey::token
