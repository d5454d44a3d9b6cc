#include "api/credentials.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "latchkey/http/request_parser.h"

namespace latchkey::api {
namespace {

using Kind = Presented::Kind;

const std::string kFirst(40, 'a');
const std::string kSecond(40, 'b');

class FindCredentialsTest : public testing::Test {
 protected:
  Presented find(const std::string& lines, bool basic = true) { return find_by(lines, {.basic = basic}); }
  /// As a proxy asks, about a request to an application.
  Presented question(const std::string& lines, bool basic = false) {
    return find_by(lines, {.basic = basic, .is_question = true});
  }
  Presented find_by(const std::string& lines, CredentialRules rules) {
    parse(lines);
    cookies_.reset();
    return find_credentials(head_, names_, rules, cookies_);
  }
  /// The tokens of the cookies by their first byte, in the order in which they are tried; 0 for no token.
  std::vector<int> tried(const std::string& lines) {
    parse(lines);
    const TokenCookies cookies(head_, names_);
    std::vector<int> bytes;
    for (std::size_t i = 0; i < cookies.size(); ++i) {
      const auto token = cookies.token(i);
      bytes.push_back(token ? token->bytes().front() : 0);
    }
    return bytes;
  }
  void parse(const std::string& lines) {
    bytes_ = "GET / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
    const http::ParseResult parsed = http::parse_request_head(bytes_, 0, {}, head_);
    EXPECT_TRUE(parsed.status == http::ParseResult::Status::kComplete || parsed.refusal.is_readable)
        << parsed.refusal.reason;
  }
  static std::uint8_t first_byte(const Presented& presented) {
    return presented.token.value().bytes().front();
  }

  CookieNames names_{"sid"};
  std::optional<TokenCookies> cookies_;

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
  for (const std::string& cookie : {"token=" + kFirst + "0", "token=\"" + kFirst, std::string("token=%"),
                                    "token=" + std::string(4000, 'a')}) {
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
}

TEST_F(FindCredentialsTest, CannotTellWhichOfTwoFieldsCounts) {
  const std::string authorization = "Authorization: Token " + kFirst + "\r\n";
  const std::string x = "X-Auth-Token: Token " + kFirst + "\r\n";
  for (const std::string& lines : {authorization + authorization, x + x, authorization + x + authorization}) {
    EXPECT_EQ(find(lines).kind, Kind::kAmbiguous) << lines;
    EXPECT_EQ(question(lines + "Cookie: sid=" + kSecond + "\r\n").kind, Kind::kAmbiguous) << lines;
  }
  EXPECT_EQ(first_byte(find(authorization + x)), 0xaa);
}

TEST_F(FindCredentialsTest, ReadsTheOriginalsCookieBesideTheConfiguredOne) {
  EXPECT_EQ(first_byte(find("Cookie: sid=" + kFirst + "\r\n")), 0xaa);
  EXPECT_EQ(first_byte(find("Cookie: __Host-sid=" + kFirst + "\r\n")), 0xaa);
  EXPECT_EQ(first_byte(find("Cookie: token=" + kFirst + "\r\n")), 0xaa);
  for (const char* const name :
       {"latchkey", "__Host-token", "__host-sid", "Sid", "__Secure-sid", "si", "sids"}) {
    EXPECT_EQ(find(std::string("Cookie: ") + name + "=" + kFirst + "\r\n").kind, Kind::kNothing) << name;
  }
}

TEST_F(FindCredentialsTest, TriesCookiesByNameAndThenAsTheyStand) {
  const std::string a(40, 'a');
  const std::string b(40, 'b');
  const std::string c(40, 'c');
  const std::string d(40, 'd');
  EXPECT_EQ(tried("Cookie: token=" + a + "; sid=" + b + "; __Host-sid=" + c + "; sid=" + d + "\r\n"),
            (std::vector<int>{0xcc, 0xbb, 0xdd, 0xaa}));
  EXPECT_EQ(tried("Cookie: sid=" + a + "; sid=no; sid=" + b + "\r\n"), (std::vector<int>{0xaa, 0, 0xbb}));
  EXPECT_EQ(tried("Cookie: a=b\r\n"), std::vector<int>{});
  EXPECT_EQ(tried(""), std::vector<int>{});
}

TEST_F(FindCredentialsTest, ReadsSeveralCookieFieldsAsOneList) {
  const std::string a = "Cookie: sid=" + std::string(40, 'a') + "\r\n";
  const std::string b = "cookie: x=y; sid=" + std::string(40, 'b') + "\r\n";
  EXPECT_EQ(tried("Cookie: x=y\r\n" + a), std::vector<int>{0xaa});
  EXPECT_EQ(tried(a + "Accept: */*\r\n" + b), (std::vector<int>{0xaa, 0xbb}));
  EXPECT_EQ(tried(b + "Accept: */*\r\nCookie:\r\n" + a), (std::vector<int>{0xbb, 0xaa}));
}

TEST_F(FindCredentialsTest, TriesAtMostFourCookies) {
  std::string lines = "Cookie: ";
  for (const char digit : std::string("123456")) lines += "token=" + std::string(40, digit) + "; ";
  EXPECT_EQ(tried(lines + "\r\n"), (std::vector<int>{0x11, 0x22, 0x33, 0x44}));
  EXPECT_EQ(tried(lines + "sid=" + kFirst + "\r\n"), (std::vector<int>{0xaa, 0x11, 0x22, 0x33}))
      << "the configured name is first among any number of others";
  EXPECT_EQ(tried(lines + "sid=" + kFirst + "; sid=" + kSecond + "; __Host-sid=" + kSecond + "\r\n"),
            (std::vector<int>{0xbb, 0xaa, 0xbb, 0x11}));
}

TEST_F(FindCredentialsTest, TakesAnEmptyCookieForNone) {
  for (const char* const cookie : {"token=", "sid=", "token= ", "sid=\"\"", "sid=; token=; __Host-sid="}) {
    EXPECT_EQ(find(std::string("Cookie: ") + cookie + "\r\n").kind, Kind::kNothing) << cookie;
  }
  EXPECT_EQ(tried("Cookie: sid=; sid=" + kFirst + "; token=\r\n"), std::vector<int>{0xaa});
}

TEST_F(FindCredentialsTest, GivesAllCookiesWhereOneIsShown) {
  find("Authorization: Token " + kFirst + "\r\nCookie: sid=" + kSecond + "\r\n");
  EXPECT_FALSE(cookies_) << "nobody has looked";
  find("Cookie: sid=" + kFirst + "; token=\r\n");
  EXPECT_EQ(cookies_.value().size(), 1U);
  const Presented first = find("Cookie: token=" + kFirst + "; sid=" + kSecond + "\r\n");
  EXPECT_EQ(cookies_.value().size(), 2U);
  EXPECT_EQ(first.token, token::Token::parse(kSecond));
}

TEST_F(FindCredentialsTest, PassesOverAnApplicationsAuthorizationWhereThereIsACookie) {
  const std::string cookie = "Cookie: sid=" + kFirst + "\r\n";
  for (const char* const foreign : {"Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", "Token abc", "Bearer", "Token",
                                    "Bearer a b", "Basic dTpw", "Basic", "Digest x", "Negotiate abc=="}) {
    const std::string lines = std::string("Authorization: ") + foreign + "\r\n";
    const Presented shown = question(lines + cookie);
    EXPECT_EQ(shown.kind, Kind::kToken) << foreign;
    EXPECT_TRUE(shown.by_cookie) << foreign;
    EXPECT_EQ(shown.token, token::Token::parse(kFirst)) << foreign;
    EXPECT_FALSE(shown.bearer) << foreign;
    for (const char* const other : {"", "Cookie: a=b\r\n", "Cookie: sid=\r\n"}) {
      EXPECT_EQ(question(lines + other).kind, find(lines, false).kind) << foreign << other;
    }
  }
}

TEST_F(FindCredentialsTest, OnesOwnAuthorizationBeatsTheCookieAtAQuestionToo) {
  const std::string cookie = "Cookie: sid=" + kFirst + "\r\n";
  for (const char* const scheme : {"Token ", "Bearer "}) {
    EXPECT_EQ(first_byte(question("Authorization: " + (scheme + kSecond) + "\r\n" + cookie)), 0xbb);
  }
  EXPECT_EQ(question("Authorization: Basic dTpw\r\n" + cookie, true).kind, Kind::kBasic);
  EXPECT_EQ(question("Authorization: Basic\r\n" + cookie, true).kind, Kind::kMalformed);
  EXPECT_EQ(question("X-Auth-Token: Token x\r\n" + cookie).token, std::nullopt)
      << "X-Auth-Token is Latchkey's alone";
}

TEST_F(FindCredentialsTest, ElsewhereAnAuthorizationDecidesWhateverItHolds) {
  const std::string cookie = "Cookie: sid=" + kFirst + "\r\n";
  EXPECT_EQ(find("Authorization: Bearer eyJ.e30.x\r\n" + cookie).token, std::nullopt);
  EXPECT_EQ(find("Authorization: Token\r\n" + cookie).kind, Kind::kMalformed);
}

TEST(CookieNames, AreTokensWithoutAPrefixOfTheirOwn) {
  for (const std::string& name : {std::string("latchkey"), std::string("token"), std::string("a"),
                                  std::string("_x"), std::string("sso.id!"), std::string(40, 'n')}) {
    EXPECT_TRUE(is_cookie_name(name)) << name;
    EXPECT_EQ(CookieNames(name).host_name(), "__Host-" + name);
    EXPECT_EQ(CookieNames(name).name(), name);
  }
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a;b"), std::string("a=b"), std::string("a\"b"),
        std::string("__Host-x"), std::string("__SECURE-x"), std::string("\xc3\xab"), std::string(41, 'n')}) {
    EXPECT_FALSE(is_cookie_name(name)) << name;
  }
}

}  // namespace
}  // namespace latchkey::api
