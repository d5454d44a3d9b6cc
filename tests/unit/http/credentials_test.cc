#include "latchkey/http/credentials.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>

#include "latchkey/base/hex.h"

namespace latchkey::http {
namespace {

using Form = AuthCredentials::Form;
using CookieStatus = CookieToken::Status;

constexpr std::string_view kToken = "8f17825cf08a7efea124f2638f3896f6637f8745";

std::string base64(std::string_view text) {
  std::string out(sodium_base64_ENCODED_LEN(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();  // the terminating NUL
  return out;
}

TEST(AuthCredentials, SchemeCountsInAnyCase) {
  EXPECT_EQ(parse_auth_credentials("Token abc").scheme, AuthScheme::kToken);
  EXPECT_EQ(parse_auth_credentials("tOKEN abc").scheme, AuthScheme::kToken);
  EXPECT_EQ(parse_auth_credentials("bearer abc").scheme, AuthScheme::kBearer);
  EXPECT_EQ(parse_auth_credentials("BASIC abc").scheme, AuthScheme::kBasic);
  EXPECT_EQ(parse_auth_credentials("Digest abc").scheme, AuthScheme::kOther);
  EXPECT_EQ(parse_auth_credentials("Tokens abc").scheme, AuthScheme::kOther);
  EXPECT_EQ(parse_auth_credentials("").scheme, AuthScheme::kOther);
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

TEST(Token, IsFortyLowerCaseDigits) {
  const std::optional<TokenBytes> token = parse_token(kToken);
  ASSERT_TRUE(token);
  EXPECT_EQ(to_hex(*token), kToken);
  EXPECT_FALSE(parse_token(""));
  EXPECT_FALSE(parse_token(kToken.substr(1)));
  EXPECT_FALSE(parse_token(std::string(kToken) + "0"));
  for (std::size_t place = 0; place < kToken.size(); ++place) {
    for (const char c : {'A', 'F', 'g', ' ', '\0', '/', ':', '@', '`', '\xff'}) {
      std::string other(kToken);
      other[place] = c;
      EXPECT_FALSE(parse_token(other)) << other;
    }
  }
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

TEST(CookieToken, IsFoundAmongOthersDecodedAndUnquoted) {
  const std::string token(kToken);
  for (const std::string& value :
       {"token=" + token, "a=b; token=" + token + "; c=d", "token=\"" + token + "\"",
        "token=%22" + token + "%22;x", "a; =b;token=" + token, "token=%38" + token.substr(1)}) {
    const CookieToken cookie = find_cookie_token(value);
    EXPECT_EQ(cookie.status, CookieStatus::kFound) << value;
    ASSERT_TRUE(cookie.token) << value;
    EXPECT_EQ(to_hex(*cookie.token), kToken);
  }
}

TEST(CookieToken, OtherNamesAreNotIt) {
  for (const char* value :
       {"", "a=b", "Token=x", "xtoken=x", "token", "a=token=x", "tokens=x", ";;;", "a=\"token=x\""}) {
    EXPECT_EQ(find_cookie_token(value).status, CookieStatus::kNone) << value;
  }
}

TEST(CookieToken, WhatIsNoTokenIsFoundWithoutOne) {
  const std::string token(kToken);
  for (const std::string& value : {std::string("token="), "token=" + token + "0", "token=\"" + token,
                                   std::string("token=%"), "token=" + std::string(4000, 'a')}) {
    EXPECT_EQ(find_cookie_token(value).status, CookieStatus::kFound) << value;
    EXPECT_FALSE(find_cookie_token(value).token) << value;
  }
}

TEST(CookieToken, TwoAreNotChosenFrom) {
  EXPECT_EQ(find_cookie_token("token=a; token=a").status, CookieStatus::kTwice);
  EXPECT_EQ(find_cookie_token("token=a; x=y; token=b").status, CookieStatus::kTwice);
}

}  // namespace
}  // namespace latchkey::http
