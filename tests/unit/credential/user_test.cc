#include "latchkey/credential/user.h"

#include <gtest/gtest.h>

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

TEST(UserDetail, MayBeEmptyAndSaysWhichOneIsWrong) {
  EXPECT_TRUE(check_user_detail("first name", "").has_value());
  EXPECT_TRUE(check_user_detail("first name", " a ").has_value());
  EXPECT_EQ(check_user_detail("first name", "a\x1b[0m").error().text,
            "the first name has a control character");
}

}  // namespace
}  // namespace latchkey::credential
