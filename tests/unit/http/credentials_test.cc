#include "latchkey/http/credentials.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>

namespace latchkey::http {
namespace {

using Form = AuthCredentials::Form;
using CookieStatus = Cookie::Status;

std::string base64(std::string_view text) {
  std::string out(sodium_base64_ENCODED_LEN(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();  // the terminating NUL
  return out;
}

TEST(AuthCredentials, TheSchemeIsTheFirstWordAsSent) {
  EXPECT_EQ(parse_auth_credentials("Token abc").scheme, "Token");
  EXPECT_EQ(parse_auth_credentials("tOKEN\tabc").scheme, "tOKEN");
  EXPECT_EQ(parse_auth_credentials(" Digest").scheme, "Digest");
  EXPECT_EQ(parse_auth_credentials("").scheme, "");
}

TEST(AuthCredentials, WordsAreCounted) {
  EXPECT_EQ(parse_auth_credentials("Token abc").form, Form::kOneWord);
  EXPECT_EQ(parse_auth_credentials("Token \t abc ").word, "abc");
  EXPECT_EQ(parse_auth_credentials("Token").form, Form::kNothing);
  EXPECT_EQ(parse_auth_credentials("Token ").form, Form::kNothing);
  EXPECT_EQ(parse_auth_credentials("").form, Form::kNothing);
  EXPECT_EQ(parse_auth_credentials("Token a b").form, Form::kSeveralWords);
  EXPECT_EQ(parse_auth_credentials("Token a\tb c").form, Form::kSeveralWords);
}

TEST(Basic, SplitsAtTheFirstColon) {
  const Result<BasicCredentials> basic = parse_basic(base64("Aladdin:open:sesame "));
  ASSERT_TRUE(basic);
  EXPECT_EQ(basic->user, "Aladdin");
  EXPECT_EQ(basic->password.view(), "open:sesame ");
  EXPECT_EQ(parse_basic(base64(":"))->user, "");
  EXPECT_EQ(parse_basic(base64("J\xc3\xbcrgen:\xc3\xa9"))->user, "J\xc3\xbcrgen");
}

TEST(Basic, RefusesWhatIsNotBase64OfUserAndPassword) {
  for (const std::string& word :
       {std::string("QWxhZGRpbjpvcGVu*"), std::string("QWxhZGRpbjpvcGVuIA"), std::string("Q"),
        // libsodium alone takes a byte over 127 for an A: this would be `Aladdin:opeA`.
        std::string("QWxhZGRpbjpvcGV\xde"), std::string("QWxh ZGRp"), std::string(), base64("no colon"),
        base64("a:\xff"), base64(std::string(kMaxBasicBytes, 'x') + ":")}) {
    const Result<BasicCredentials> basic = parse_basic(word);
    ASSERT_FALSE(basic) << word;
    EXPECT_EQ(basic.error().text, "Invalid basic header. Credentials not correctly base64 encoded.");
  }
  EXPECT_TRUE(parse_basic(base64(std::string(kMaxBasicBytes - 1, 'x') + ":")));
}

TEST(FindCookie, FindsOneAmongOthersAsItWasSent) {
  for (const std::string value :
       {"token=%22x\"", "a=b; token=%22x\"; c=d", "token = %22x\" ;x", "a; =b;token=%22x\""}) {
    const Cookie cookie = find_cookie(value, "token");
    EXPECT_EQ(cookie.status, CookieStatus::kFound) << value;
    EXPECT_EQ(cookie.text, "%22x\"") << value;
  }
  EXPECT_EQ(find_cookie("token=a=b", "token").text, "a=b");
  EXPECT_EQ(find_cookie("token=", "token").status, CookieStatus::kFound);
}

TEST(FindCookie, OtherNamesAreNotIt) {
  for (const char* value :
       {"", "a=b", "Token=x", "xtoken=x", "token", "a=token=x", "tokens=x", ";;;", "a=\"token=x\""}) {
    EXPECT_EQ(find_cookie(value, "token").status, CookieStatus::kNone) << value;
  }
}

TEST(FindCookie, TwoAreNotChosenFrom) {
  EXPECT_EQ(find_cookie("token=a; token=a", "token").status, CookieStatus::kTwice);
  EXPECT_EQ(find_cookie("token=a; x=y; token=b", "token").status, CookieStatus::kTwice);
}

}  // namespace
}  // namespace latchkey::http
