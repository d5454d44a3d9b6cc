#include "latchkey/http/credentials.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>
#include <utility>
#include <vector>

#include "latchkey/http/request_parser.h"

namespace latchkey::http {
namespace {

using Form = AuthCredentials::Form;

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

std::vector<std::pair<std::string, std::string>> cookies_in(std::string_view value) {
  std::vector<std::pair<std::string, std::string>> cookies;
  for_each_cookie(value,
                  [&cookies](const Cookie& cookie) { cookies.emplace_back(cookie.name, cookie.text()); });
  return cookies;
}
using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(Cookies, AreReadAsTheyWereSent) {
  EXPECT_EQ(cookies_in("token=%22x\""), (Pairs{{"token", "%22x\""}}));
  EXPECT_EQ(cookies_in("a=b; token=x; c=d"), (Pairs{{"a", "b"}, {"token", "x"}, {"c", "d"}}));
  EXPECT_EQ(cookies_in("token = x ;y"), (Pairs{{"token", "x"}}));
  EXPECT_EQ(cookies_in("a; =b;Token=a=b;e="), (Pairs{{"", "b"}, {"Token", "a=b"}, {"e", ""}}));
  EXPECT_EQ(cookies_in("token=a; token=b"), (Pairs{{"token", "a"}, {"token", "b"}}));
}

TEST(Cookies, WhatHasNoNameIsNone) {
  for (const char* const value : {"", "token", ";;;", "a;b;c", " "}) EXPECT_EQ(cookies_in(value), Pairs{});
}

RequestHead parsed(const std::string& bytes) {
  RequestHead head;
  const ParseResult result = parse_request_head(bytes, 0, {}, head);
  EXPECT_TRUE(result.status == ParseResult::Status::kComplete || result.refusal.is_readable) << bytes;
  return head;
}

TEST(Cookies, OfSeveralFieldsAreOneList) {
  const std::string bytes =
      "GET / HTTP/1.1\r\nCookie: a=1; b=2\r\nHost: h\r\ncookie:\r\nX: c=0\r\nCOOKIE: d=4\r\n\r\n";
  Pairs cookies;
  for_each_cookie(parsed(bytes),
                  [&cookies](const Cookie& cookie) { cookies.emplace_back(cookie.name, cookie.text()); });
  EXPECT_EQ(cookies, (Pairs{{"a", "1"}, {"b", "2"}, {"d", "4"}}));
}

TEST(Cookies, BeyondTheBoundAreNotLookedAt) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int field = 0; field < 2; ++field) {
    bytes += "Cookie: ";
    for (std::size_t i = 0; i < kMaxCookies - 1; ++i) bytes += "a=1;";
    bytes += "\r\n";
  }
  std::size_t cookies = 0;
  for_each_cookie(parsed(bytes + "\r\n"), [&cookies](const Cookie&) { ++cookies; });
  EXPECT_EQ(cookies, kMaxCookies);
}

TEST(Credentials, StandTwiceInTheirFieldsButNotInCookies) {
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (const char* const name : {"Authorization", "X-Auth-Token"}) {
    const std::string line = std::string(name) + ": Token a\r\n";
    EXPECT_FALSE(repeats_credentials(parsed(start + line + "\r\n"))) << name;
    EXPECT_TRUE(repeats_credentials(parsed(start + line + line + "\r\n"))) << name;
  }
  EXPECT_FALSE(repeats_credentials(parsed(start + "Cookie: token=a\r\nCookie: token=a\r\n\r\n")));
}

TEST(Credentials, MayHoldAPasswordInAnyOfSeveralFields) {
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_FALSE(may_hold_password(parsed(start + "\r\n")));
  EXPECT_FALSE(may_hold_password(parsed(start + "Authorization: Token a\r\n\r\n")));
  EXPECT_FALSE(may_hold_password(parsed(start + "Authorization:\r\n\r\n")));
  EXPECT_TRUE(may_hold_password(parsed(start + "Authorization: Basic a\r\n\r\n")));
  EXPECT_TRUE(may_hold_password(
      parsed(start + "Authorization: Token a\r\nAuthorization: Basic YWxpY2U6eA==\r\n\r\n")));
}

}  // namespace
}  // namespace latchkey::http
