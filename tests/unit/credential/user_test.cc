#include "latchkey/credential/user.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace latchkey::credential {
namespace {

TEST(UserName, MayBeAnyTextWithinTheRules) {
  for (const std::string_view name :
       {"a", "alice", "alice smith", "a/b%c", "\xc3\xa4\xe2\x82\xac", "\xf0\x9f\x94\x91"}) {
    EXPECT_TRUE(check_user_name(name).has_value()) << name;
  }
}

TEST(UserName, CountsCharactersAndNotBytes) {
  std::string name;
  for (std::size_t i = 0; i < kMaxNameCharacters; ++i) name += "\xe2\x82\xac";
  EXPECT_TRUE(check_user_name(name).has_value());
  EXPECT_NE(check_user_name(name + "a").error().text.find("more than 150 characters"), std::string::npos);
}

TEST(UserName, IsRefusedWithWhatIsWrongWithIt) {
  const std::pair<std::string_view, const char*> wrong[] = {
      {"", "is empty"},
      {" a", "white space"},
      {"a ", "white space"},
      {"a\xc2\xa0", "white space"},  // U+00A0
      {"\xe3\x80\x80"
       "a",
       "white space"},  // U+3000
      {"a\nb", "control character"},
      {"a\x7f", "control character"},
      {"a\xc2\x85", "control character"},  // U+0085
      {std::string_view("a\0b", 3), "control character"},
      {"a\xff", "not valid UTF-8"},
      {"\xed\xa0\x80", "not valid UTF-8"},  // a surrogate
  };
  for (const auto& [name, problem] : wrong) {
    const Result<void> refused = check_user_name(name);
    ASSERT_FALSE(refused.has_value()) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
    EXPECT_NE(refused.error().text.find(problem), std::string::npos) << refused.error().text;
  }
}

TEST(NewUserName, MayBeAnyTextThatCanBeSeen) {
  for (const std::string_view name :
       {"alice", "alice smith", "a.b-c_d@example.org", "a/b%c", "zo\u00eb", "\u0430\u043b\u0438\u0441\u0430",
        "\u8d3e\u5b9d\u7389", "\u05d0\u05dc\u05d9\u05e1", "\u20ac", "\U0001f511", "\uff21", "x\u0302",
        "\u0915\u094d\u0937"}) {
    EXPECT_TRUE(check_new_user_name(name).has_value())
        << name << ": " << check_new_user_name(name).error().text;
  }
}

TEST(NewUserName, HoldsNothingThatNobodySees) {
  for (const std::string_view mark :
       {"\u00ad",     "\u034f",     "\u061c",     "\u115f",     "\u1160",     "\u17b4",     "\u17b5",
        "\u180b",     "\u180e",     "\u180f",     "\u200b",     "\u200c",     "\u200d",     "\u200e",
        "\u200f",     "\u202a",     "\u202e",     "\u2060",     "\u2064",     "\u2066",     "\u2069",
        "\u206a",     "\u206f",     "\u2800",     "\u3164",     "\ufe00",     "\ufe0f",     "\ufeff",
        "\uffa0",     "\U0001bca0", "\U0001d159", "\U0001d173", "\U000e0001", "\U000e0041", "\U000e007f",
        "\U000e0100", "\U000e01ef"}) {
    for (const std::string& name :
         {"al" + std::string(mark) + "ice", std::string(mark) + "alice", "alice" + std::string(mark)}) {
      const Result<void> refused = check_new_user_name(name);
      ASSERT_FALSE(refused.has_value()) << name;
      EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
      EXPECT_NE(refused.error().text.find("cannot be seen, U+"), std::string::npos) << refused.error().text;
      // Users who have such a name keep it.
      EXPECT_TRUE(check_user_name(name).has_value());
    }
  }
}

TEST(NewUserName, HoldsNoOtherBlankNothingPrivateAndNothingUnassigned) {
  const std::pair<std::string_view, const char*> wrong[] = {
      {"a\u00a0b", "looks like a blank and is none, U+00A0"},
      {"a\u2009b", "U+2009"},
      {"a\u3000b", "U+3000"},
      {"a\u2028b", "U+2028"},
      {"a\u2029b", "U+2029"},
      {"\ue000", "private use, U+E000"},
      {"\uf8ff", "private use"},
      {"\U000f0000", "private use"},
      {"\U0010fffd", "private use"},
      {"\u0378", "not assigned, U+0378"},
      {"\ufff9", "only formats others, U+FFF9"},
      {"\u0600", "U+0600"},
      {"\uffff", "not assigned, U+FFFF"},
      {"\ufdd0", "not assigned"},
      {"\U0010ffff", "not assigned, U+10FFFF"}};
  for (const auto& [name, problem] : wrong) {
    const Result<void> refused = check_new_user_name(name);
    ASSERT_FALSE(refused.has_value()) << name;
    EXPECT_NE(refused.error().text.find(problem), std::string::npos) << refused.error().text;
  }
}

TEST(NewUserName, IsInTheComposedForm) {
  const std::pair<std::string_view, std::string_view> pairs[] = {
      {"zo\u00eb", "zoe\u0308"},
      {"\u00c5", "A\u030a"},
      {"\u00c5", "\u212b"},  // the ångström sign
      {"\u03a9", "\u2126"},  // the ohm sign
      {"\ud55c", "\u1112\u1161\u11ab"},
      {"\u1ead", "a\u0302\u0323"}  // two marks in another order
  };
  for (const auto& [good, other] : pairs) {
    const Result<void> refused = check_new_user_name(other);
    ASSERT_FALSE(refused.has_value()) << other;
    EXPECT_NE(refused.error().text.find("NFC"), std::string::npos) << refused.error().text;
    EXPECT_TRUE(check_user_name(other).has_value());
  }
  EXPECT_TRUE(check_new_user_name("zo\u00eb").has_value());
  EXPECT_TRUE(check_new_user_name("\ud55c").has_value());
  EXPECT_TRUE(check_new_user_name("\u1ead").has_value());
}

TEST(UserDetail, MayBeEmptyAndSaysWhichOneIsWrong) {
  EXPECT_TRUE(check_user_detail("first name", "").has_value());
  EXPECT_TRUE(check_user_detail("first name", " a ").has_value());
  EXPECT_EQ(check_user_detail("first name", "a\x1b[0m").error().text,
            "the first name has a control character");
}

TEST(GroupName, IsLikeANewUsersNameWithoutAComma) {
  for (const char* const good : {"admins", "night shift", "caf\u00e9", "a.b/c-d_e@f", "%41"}) {
    EXPECT_TRUE(check_group_name(good).has_value()) << good;
  }
  const std::pair<std::string, const char*> wrong[] = {
      {"", "is empty"},
      {" admins", "begins or ends with white space"},
      {"admins ", "begins or ends with white space"},
      {"a,b", "has a comma"},
      {"a\nb", "has a control character"},
      {"a\u200bb", "that cannot be seen"},
      {"a\u00a0b", "looks like a blank"},
      {"cafe\u0301", "NFC"},
      {"\xff", "is not valid UTF-8"},
      {std::string(65, 'g'), "has over 64 bytes"},
  };
  for (const auto& [name, problem] : wrong) {
    const Result<void> refused = check_group_name(name);
    ASSERT_FALSE(refused.has_value()) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
    EXPECT_TRUE(refused.error().text.starts_with("the group's name ")) << refused.error().text;
    EXPECT_NE(refused.error().text.find(problem), std::string::npos) << refused.error().text;
  }
  EXPECT_TRUE(check_group_name(std::string(64, 'g')).has_value());
}

TEST(Groups, OfAUserAreBoundedInNumberAndInWhatTheyTakeInAHeader) {
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < kMaxGroups; ++i) groups.push_back("g" + std::to_string(i));
  EXPECT_TRUE(check_groups(groups).has_value());
  groups.push_back("one more");
  EXPECT_EQ(check_groups(groups).error().text, "a user is in 64 groups at most; these are 65");
  // 31 names of 64 bytes, each with a comma, fit into the field, and 32 do not.
  groups.assign(31, std::string(kMaxGroupBytes, 'g'));
  EXPECT_TRUE(check_groups(groups).has_value());
  groups.emplace_back(kMaxGroupBytes, 'g');
  EXPECT_EQ(check_groups(groups).error().code, ErrorCode::kInvalid);
  groups.assign(11, std::string(kMaxGroupBytes / 2, ' ').replace(0, 1, "a").replace(31, 1, "b"));
  EXPECT_TRUE(check_groups(groups).has_value());
}

/// A user of whom applications are told as much as may be.
User longest_user() {
  User user;
  user.name = std::string(128, 'n');
  user.first_name = std::string(254, 'f');
  user.last_name = std::string(254, 'l');
  for (int i = 0; i < 42; ++i) user.email += "\U0001f511";
  user.email += "12345678";
  user.groups.assign(31, std::string(kMaxGroupBytes, 'g'));
  user.groups.emplace_back(32, 'h');
  return user;
}

TEST(Profile, OfAUserIsBoundedInWhatItTakesInHeaderFields) {
  const User user = longest_user();
  EXPECT_TRUE(check_profile(user).has_value()) << check_profile(user).error().text;
  User longer = user;
  longer.email += "\U0001f511";
  EXPECT_EQ(check_profile(longer).error().text,
            "the email address may take 512 bytes in header fields, where all but visible ASCII is "
            "percent-encoded, and take 524: shorten what is long");
  longer = user;
  longer.first_name.replace(0, 2, "\u00eb");
  EXPECT_TRUE(check_profile(longer).error().text.starts_with("the first and last name may take 512 bytes"));
  longer = user;
  longer.name += "n";
  EXPECT_TRUE(check_profile(longer).error().text.starts_with(
      "the user's name, groups and details together may take 3328 bytes"));
}

}  // namespace
}  // namespace latchkey::credential
