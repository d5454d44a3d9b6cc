#include "load/options.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "load/requests.h"

namespace latchkey::load {
namespace {

struct Read {
  std::variant<Plan, int> plan;
  std::string output;
  std::string errors;

  const Plan& good() const {
    if (const int* const status = std::get_if<int>(&plan)) {
      ADD_FAILURE() << "exit status " << *status << ": " << errors;
      static const Plan kNone;
      return kNone;
    }
    return std::get<Plan>(plan);
  }
  int status() const { return std::holds_alternative<int>(plan) ? std::get<int>(plan) : -1; }
};

Read read(std::vector<const char*> words, const std::string& input = "") {
  words.insert(words.begin(), "latchkey-bench");
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream errors;
  std::variant<Plan, int> plan = read_options(static_cast<int>(words.size()), words.data(), in, out, errors);
  return {std::move(plan), out.str(), errors.str()};
}

TEST(Options, AScenarioGoesToTheUsualPortOfLatchkeyd) {
  const Read got = read({"check", "--token", "abc"});
  const Plan& plan = got.good();
  EXPECT_EQ(plan.scenario, Scenario::kCheck);
  EXPECT_EQ(plan.target.endpoint.to_text(), "127.0.0.1:8080");
  EXPECT_EQ(plan.connections, 64U);
  EXPECT_FALSE(plan.is_open_loop());
  EXPECT_EQ(check_request(plan, "x/1", plan.tokens.front()),
            "GET /auth/verify HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: x/1\r\n"
            "Authorization: Token abc\r\n\r\n");
}

TEST(Options, AUrlIsLoadedWithMethodLinesAndBody) {
  const Read got = read({"http://[::1]:81/a/b?c=d", "-X", "POST", "-H", "Accept: text/html", "-H", "X-Y: z w",
                         "--body", "hello", "--agent", "me"});
  const Plan& plan = got.good();
  EXPECT_EQ(plan.target.endpoint.to_text(), "[::1]:81");
  EXPECT_EQ(url_request(plan),
            "POST /a/b?c=d HTTP/1.1\r\nHost: [::1]:81\r\nUser-Agent: me\r\nAccept: text/html\r\nX-Y: z w\r\n"
            "Content-Length: 5\r\n\r\nhello");
}

TEST(Options, AUrlWithoutPortOrPathHasTheUsualOnes) {
  const Read got = read({"http://127.0.0.2?q"});
  EXPECT_EQ(got.good().target.endpoint.to_text(), "127.0.0.2:80");
  EXPECT_EQ(got.good().target.path_and_query, "/?q");
  EXPECT_EQ(got.good().target.authority, "127.0.0.2");
}

TEST(Options, APasswordIsReadWithoutByteOrderMarkAndLineEnd) {
  const Read got = read({"login", "--user", "alice", "--password-stdin"}, "\xef\xbb\xbfsesame\r\nmore");
  EXPECT_EQ(got.good().password, "sesame");
}

TEST(Options, APasswordIsReadFromStandardInputAndEscapedInTheLogin) {
  const Read got = read({"login", "--user", "al\"ice", "--password-stdin"}, "correct\\horse\nmore");
  EXPECT_TRUE(
      login_request(got.good(), "a")
          .ends_with(
              "Content-Length: 50\r\n\r\n{\"username\":\"al\\\"ice\",\"password\":\"correct\\\\horse\"}"))
      << login_request(got.good(), "a");
}

TEST(Options, FurtherConnectionsComeFromFurtherAddressesOfThisMachine) {
  const Read got = read({"idle", "-c", "100000"});
  const Plan& plan = got.good();
  EXPECT_EQ(plan.sources(), 10U);
  EXPECT_EQ(plan.source_of(9'999), 0U);
  EXPECT_EQ(plan.source_of(10'000), 1U);
  EXPECT_EQ(plan.source_of(99'999), 9U);
  EXPECT_FALSE(plan.source_address(0));
  EXPECT_EQ(plan.source_address(4)->to_text(), "127.0.0.5");
  EXPECT_EQ(read({"idle"}).good().connections, 1000U);
}

TEST(Options, FromAnotherMachineAllConnectionsComeFromItsOwnAddress) {
  EXPECT_EQ(read({"idle", "-c", "100000", "--target", "http://192.0.2.1:80"}).good().sources(), 1U);
}

TEST(Options, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(read({"--help"}).status(), kExitDone);
  EXPECT_NE(read({"--help"}).output.find("--assert"), std::string::npos);
  EXPECT_EQ(read({"--version"}).output, "latchkey-bench 0.2.0\n");
}

TEST(Options, WhatIsWrongIsSaidInASentence) {
  const std::vector<std::pair<std::vector<const char*>, std::string>> cases = {
      {{"chek"}, "'chek' is neither a scenario (check, login, mixed, churn, idle, slow) nor a URL"},
      {{"check"}, "check shows a token: give --user and a password, or --token"},
      {{"login", "--token", "x"}, "login logs in: give --user and a password"},
      {{"login", "--user", "a"}, "--user needs --password-stdin or --password"},
      {{"login", "--user", "a", "--password-stdin"}, "no password on standard input"},
      {{"https://localhost/"}, "TLS is not spoken"},
      {{"ftp://localhost/"}, "it does not begin with http://"},
      {{"http://127.0.0.1:99999/"}, "its port is not a number up to 65535"},
      {{"http://:80/"}, "it names no host"},
      {{"http://a@127.0.0.1/"}, "a user stands in it"},
      {{"http://127.0.0.1/#x"}, "a fragment stands in it"},
      {{"http://127.0.0.1/", "--target", "http://127.0.0.2"},
       "--target goes with a scenario, not with a URL"},
      {{"idle", "--target", "http://127.0.0.1/x"}, "--target names a server, without a path"},
      {{"http://127.0.0.1/", "-d", "10"}, "--duration: '10' is not a duration"},
      {{"http://127.0.0.1/", "-d", "0s"}, "--duration: '0s' is shorter than 1.00 ms"},
      {{"http://127.0.0.1/", "-t", "9", "-c", "8"}, "there are fewer --connections than --threads"},
      {{"http://127.0.0.1/", "-H", "no colon"}, "-H: 'no colon' is no line of a head"},
      {{"http://127.0.0.1/", "-H", "A: b\r\nC: d"}, "is no line of a head"},
      {{"http://127.0.0.1/", "-X", "GET /"}, "'GET /' is no method"},
      {{"http://127.0.0.1/", "--agent", "a\nb"}, "--agent holds a control character"},
      {{"http://127.0.0.1/", "--assert", "p98<1ms"}, "the assertion 'p98<1ms' cannot be read"},
      {{"idle", "--rate", "5"}, "--rate has no meaning in idle"},
      {{"churn", "--user", "a", "--password", "b", "--pipeline", "2"}, "--pipeline has no meaning in churn"},
  };
  for (const auto& [words, sentence] : cases) {
    const Read got = read(words);
    EXPECT_EQ(got.status(), kExitUsage) << sentence;
    EXPECT_NE(got.errors.find(sentence), std::string::npos) << got.errors << "instead of: " << sentence;
  }
}

TEST(Options, TokensAreReadFromAFileALineEach) {
  const std::string path = testing::TempDir() + "latchkey-bench-tokens";
  const auto said_of = [&path](const std::string& text, std::vector<const char*> words = {"check"}) {
    std::ofstream(path) << text;
    words.insert(words.end(), {"--token-file", path.c_str()});
    return read(words);
  };
  const std::string token = "0123456789abcdef0123456789abcdef01234567";
  EXPECT_EQ(said_of(token + "\n" + token + "\n").good().tokens_by_turns.size(), 2U);
  EXPECT_NE(said_of(token + "\nABCDEF\n").errors.find("line 2 of"), std::string::npos);
  EXPECT_NE(said_of("").errors.find("is empty"), std::string::npos);
  EXPECT_NE(said_of(token, {"mixed", "--user", "a", "--password", "b"}).errors.find("goes with check"),
            std::string::npos);
  std::remove(path.c_str());
  EXPECT_NE(read({"check", "--token-file", path.c_str()}).errors.find("cannot read"), std::string::npos);
}

TEST(Options, WhatIsOutOfItsBoundsIsRefused) {
  for (const char* const flag : {"--connections", "--threads", "--pipeline", "--rate"}) {
    EXPECT_EQ(read({"http://127.0.0.1/", flag, "0"}).status(), kExitUsage) << flag;
    EXPECT_EQ(read({"http://127.0.0.1/", flag, "1000000000000"}).status(), kExitUsage) << flag;
  }
  EXPECT_EQ(read({}).status(), kExitUsage);
  EXPECT_EQ(read({"http://127.0.0.1/", "--bogus"}).status(), kExitUsage);
}

}  // namespace
}  // namespace latchkey::load
