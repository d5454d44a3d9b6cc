#include "api/credentials.h"

#include <gtest/gtest.h>

#include <string>

#include "latchkey/http/request_parser.h"

namespace latchkey::api {
namespace {

using Kind = Presented::Kind;

const std::string kFirst(40, 'a');
const std::string kSecond(40, 'b');

class FindCredentialsTest : public testing::Test {
 protected:
  Presented find(const std::string& lines, bool basic = true) {
    bytes_ = "GET / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
    const http::ParseResult parsed = http::parse_request_head(bytes_, 0, {}, head_);
    EXPECT_EQ(parsed.status, http::ParseResult::Status::kComplete) << parsed.refusal.reason;
    return find_credentials(head_, basic);
  }
  static std::uint8_t first_byte(const Presented& presented) {
    return presented.token.value().bytes().front();
  }

 private:
  std::string bytes_;
  http::RequestHead head_;
};

TEST_F(FindCredentialsTest, LooksInTheOrderOfC30) {
  const std::string x = "X-Auth-Token: Token " + kFirst + "\r\n";
  const std::string authorization = "Authorization: token " + kSecond + "\r\n";
  const std::string cookie = "Cookie: a=b; token=%22" + std::string(40, 'c') + "%22\r\n";
  EXPECT_EQ(first_byte(find(cookie + authorization + x)), 0xaa);
  EXPECT_EQ(first_byte(find(cookie + authorization)), 0xbb);
  EXPECT_EQ(first_byte(find(cookie)), 0xcc);
  EXPECT_EQ(find("").kind, Kind::kNothing);
}

TEST_F(FindCredentialsTest, PassesOverSchemesThatAreNone) {
  EXPECT_EQ(first_byte(find("X-Auth-Token: " + kFirst + "\r\nAuthorization: Token " + kSecond + "\r\n")),
            0xbb);
  EXPECT_EQ(find("Authorization: Digest x\r\n").kind, Kind::kNothing);
}

TEST_F(FindCredentialsTest, TakesASchemeInAnyCase) {
  EXPECT_EQ(find("Authorization: tOKEN " + kFirst + "\r\n").kind, Kind::kToken);
  EXPECT_EQ(find("Authorization: bearer " + kFirst + "\r\n").kind, Kind::kToken);
  EXPECT_EQ(find("Authorization: BASIC dTpw\r\n").kind, Kind::kBasic);
  EXPECT_EQ(find("Authorization: Tokens " + kFirst + "\r\n").kind, Kind::kNothing);
  EXPECT_EQ(find("Authorization:\r\n").kind, Kind::kNothing);
}

TEST_F(FindCredentialsTest, DecodesTheCookieAndDropsItsQuotes) {
  for (const std::string& cookie :
       {"token=" + kFirst, "a=b; token=" + kFirst + "; c=d", "token=\"" + kFirst + "\"",
        "token=%22" + kFirst + "%22;x", "a; =b;token=" + kFirst, "token=%61" + kFirst.substr(1)}) {
    const Presented presented = find("Cookie: " + cookie + "\r\n");
    EXPECT_EQ(presented.kind, Kind::kToken) << cookie;
    EXPECT_TRUE(presented.by_cookie) << cookie;
    EXPECT_EQ(presented.token, token::Token::parse(kFirst)) << cookie;
  }
}

TEST_F(FindCredentialsTest, TakesACookieThatIsNoTokenForOneThatNobodyWasGiven) {
  for (const std::string& cookie : {std::string("token="), "token=" + kFirst + "0", "token=\"" + kFirst,
                                    std::string("token=%"), "token=" + std::string(4000, 'a')}) {
    const Presented presented = find("Cookie: " + cookie + "\r\n");
    EXPECT_EQ(presented.kind, Kind::kToken) << cookie;
    EXPECT_FALSE(presented.token) << cookie;
  }
}

TEST_F(FindCredentialsTest, TakesBearerAndRemembersIt) {
  const Presented presented = find("Authorization: BEARER " + kFirst + "\r\n");
  EXPECT_EQ(presented.kind, Kind::kToken);
  EXPECT_TRUE(presented.bearer);
}

TEST_F(FindCredentialsTest, LetsBasicBeatTheCookieWhereItIsOn) {
  const std::string lines = "Authorization: Basic dTpw\r\nCookie: token=" + kFirst + "\r\n";
  EXPECT_EQ(find(lines, true).kind, Kind::kBasic);
  EXPECT_EQ(find(lines, true).word, "dTpw");
  EXPECT_EQ(find(lines, false).kind, Kind::kToken);
}

TEST_F(FindCredentialsTest, SaysWhatIsWrongWithAHeader) {
  EXPECT_EQ(find("Authorization: Token\r\n").problem, "Invalid token header. No credentials provided.");
  EXPECT_EQ(find("Authorization: Token a b\r\n").problem,
            "Invalid token header. Token string should not contain spaces.");
  const Presented unknown = find("Authorization: Token xyz\r\n");
  EXPECT_EQ(unknown.kind, Kind::kToken);
  EXPECT_FALSE(unknown.token.has_value());
  EXPECT_EQ(find("Cookie: token=" + kFirst + "; token=" + kSecond + "\r\n").kind, Kind::kAmbiguous);
}

}  // namespace
}  // namespace latchkey::api
