// The answers to a login: the token, its twin, and the refusal that reveals nothing (C-11 to C-14, C-21).
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr std::int64_t kTimeoutMs = 1'800'000;

/// The headers that may tell one failure from another: all but the times.
HeaderLines timeless(const Response& response) {
  HeaderLines lines;
  for (const auto& line : response.headers) {
    if (line.first != "Date" && line.first != "X-API-Time") lines.push_back(line);
  }
  return lines;
}

TEST(C11, AValidLoginGivesATokenOf40LowerCaseHexDigitsAndItsExpiry) {
  HttpClient client(common_server().port());
  const std::int64_t before_ms = now_ms();
  const Response response = log_in(client, own_agent());
  const std::int64_t after_ms = now_ms();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.value("Content-Type"), kJsonType);
  std::smatch parts;
  ASSERT_TRUE(std::regex_match(response.body, parts,
                               std::regex(R"re(\{"token":"([0-9a-f]{40})","expires":"([^"]*)"\})re")))
      << response.body;
  // The server reads its clock once per pass of its loop.
  constexpr std::int64_t kSlackMs = 1000;
  const std::int64_t expires_ms = parse_expires(parts[2].str());
  EXPECT_GE(expires_ms, before_ms + kTimeoutMs - kSlackMs);
  EXPECT_LE(expires_ms, after_ms + kTimeoutMs + kSlackMs);
}

TEST(C12, AValidLoginIsNotToBeCachedAndTellsTheTimeout) {
  HttpClient client(common_server().port());
  const Response response = log_in(client, own_agent());
  EXPECT_EQ(response.value("Auth-Token-Timeout"), "1800");
  EXPECT_EQ(response.value("Pragma"), "no-cache");
  EXPECT_EQ(response.value("Cache-Control"), "max-age=0, no-cache, no-store, must-revalidate");
}

TEST(C12, TheTimeoutIsTheOneThatIsSet) {
  ServerOptions options;
  options.flags = {"--token-timeout", "5m"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  const Response response = log_in(client, own_agent());
  EXPECT_EQ(response.value("Auth-Token-Timeout"), "300");
  EXPECT_EQ(use_token(client, token_in(response), own_agent()).value("Auth-Token-Timeout"), "300");
}

TEST(C13, TheSameUserFromTheSameAddressAndAgentGetsTheSameToken) {
  const std::uint16_t port = common_server().port();
  HttpClient first(port);
  const Response once = log_in(first, own_agent());
  HttpClient second(port);
  const Response again = log_in(second, own_agent());
  EXPECT_EQ(token_in(again), token_in(once));
  EXPECT_GE(again.body, once.body) << "the expiry went back";
}

TEST(C13, AnotherAgentGetsAnotherToken) {
  HttpClient client(common_server().port());
  const std::string token = obtain_token(client, own_agent());
  EXPECT_NE(obtain_token(client, own_agent() + "/2"), token);
  EXPECT_EQ(obtain_token(client, own_agent()), token);
}

TEST(C13, AnotherAddressGetsAnotherToken) {
  const std::uint16_t port = common_server().port();
  HttpClient here(port);
  HttpClient there(port, "127.0.0.2");
  EXPECT_NE(obtain_token(here, own_agent()), obtain_token(there, own_agent()));
}

TEST(C13, AnotherUserGetsAnotherToken) {
  HttpClient client(common_server().port());
  EXPECT_NE(obtain_token(client, own_agent()),
            obtain_token(client, own_agent(), "spacious", " blank at both ends "));
}

TEST(C13, AMissingAgentEqualsAnEmptyOne) {
  HttpClient client(common_server().port());
  const std::string without =
      token_in(post_login(client, login_json(kUser, kPassword), {{"Content-Type", kJsonType}}));
  EXPECT_EQ(obtain_token(client, ""), without);
}

TEST(C14, AWrongPasswordAnUnknownUserAndAnInactiveOneAreAnsweredWithTheSameBytes) {
  ServerProcess& server = common_server();
  add_user(server.data(), "sleeper", kPassword);
  ASSERT_EQ(run_latchkey(server.data(), {"user", "disable", "sleeper"}).status, 0);
  HttpClient client(server.port());
  const Response wrong = log_in(client, own_agent(), kUser, "wrong");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.body, kUnableToLogIn);
  for (const auto& [name, password] : {std::pair{"nobody", kPassword}, std::pair{"sleeper", kPassword},
                                       std::pair{"sleeper", "wrong"}, std::pair{"ALICE", kPassword}}) {
    const Response other = log_in(client, own_agent(), name, password);
    EXPECT_EQ(other.status, wrong.status) << name;
    EXPECT_EQ(other.body, wrong.body) << name;
    EXPECT_EQ(timeless(other), timeless(wrong)) << name;
  }
}

TEST(C14, ARefusedLoginLeavesTheConnectionOpen) {
  HttpClient client(common_server().port());
  EXPECT_EQ(log_in(client, own_agent(), kUser, "wrong").status, 400);
  EXPECT_EQ(log_in(client, own_agent()).status, 200);
}

TEST(C21, ALoginOverTheLimitEndsTheOldestTokens) {
  ServerOptions options;
  options.flags = {"--tokens-per-user", "2"};
  options.cores = 2;
  OwnServer server(options);
  add_user(server.process.data(), "bob", kPassword);
  HttpClient client(server.process.port());
  const std::string bobs = obtain_token(client, "bob's", "bob");
  const std::string first = obtain_token(client, "one");
  const std::string second = obtain_token(client, "two");
  // Age is measured from creation: use does not make a token younger.
  EXPECT_EQ(use_token(client, first, "one").status, 200);
  EXPECT_EQ(obtain_token(client, "one"), first);
  const std::string third = obtain_token(client, "three");
  const Response over = use_token(client, first, "one");
  EXPECT_EQ(over.status, 401);
  EXPECT_EQ(refusal_of(over), "The maximum number of allowed sessions for this user has been exceeded.");
  EXPECT_EQ(over.value("WWW-Authenticate"), "Token");
  EXPECT_EQ(use_token(client, second, "two").status, 200);
  EXPECT_EQ(use_token(client, third, "three").status, 200);
  EXPECT_EQ(use_token(client, bobs, "bob's").status, 200) << "the limit is each user's own";
}

TEST(C21, TheLimitHoldsAcrossARestartAndAnEndedTokenMakesRoom) {
  ServerOptions options;
  options.flags = {"--tokens-per-user", "2"};
  OwnServer server(options);
  std::string first;
  std::string second;
  {
    HttpClient client(server.process.port());
    first = obtain_token(client, "one");
    second = obtain_token(client, "two");
    EXPECT_EQ(end_token(client, second, "two").status, 204);
  }
  ASSERT_EQ(server.process.stop(), 0) << server.process.log();
  server.process.start_again();
  HttpClient client(server.process.port());
  const std::string third = obtain_token(client, "three");
  EXPECT_EQ(use_token(client, first, "one").status, 200);
  const std::string fourth = obtain_token(client, "four");
  EXPECT_EQ(use_token(client, first, "one").status, 401);
  EXPECT_EQ(use_token(client, third, "three").status, 200);
  EXPECT_EQ(use_token(client, fourth, "four").status, 200);
}

TEST(C21, TheLimitHoldsForLoginsAtTheSameTimeOnManyConnections) {
  constexpr std::size_t kLimit = 3;
  constexpr std::size_t kClients = 12;
  ServerOptions options;
  options.flags = {"--tokens-per-user", std::to_string(kLimit)};
  options.cores = 2;
  OwnServer server(options);
  std::vector<std::string> tokens(kClients);
  at_once(kClients, [&server, &tokens](std::size_t i) {
    HttpClient client(server.process.port());
    tokens[i] = obtain_token(client, std::to_string(i));
  });
  EXPECT_EQ(std::set<std::string>(tokens.begin(), tokens.end()).size(), kClients);
  HttpClient client(server.process.port());
  std::size_t admitted = 0;
  for (std::size_t i = 0; i < kClients; ++i) {
    const Response response = use_token(client, tokens[i], std::to_string(i));
    admitted += response.status == 200 ? 1 : 0;
    if (response.status == 200) continue;
    EXPECT_EQ(refusal_of(response),
              "The maximum number of allowed sessions for this user has been exceeded.");
  }
  EXPECT_EQ(admitted, kLimit);
}

/// Expects the one published example, with the token and times of this answer inserted.
void expect_published_answer(HttpClient& client, const std::string& type, const std::string& body) {
  client.send("POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type +
              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  const Response response = client.receive();
  std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + " " + response.reason + "\r\n";
  for (const auto& [name, value] : response.headers) bytes.append(name + ": " + value + "\r\n");
  bytes.append("\r\n").append(response.body);
  const std::regex expected(
      "HTTP/1\\.1 200 OK\r\n"
      "Allow: POST, DELETE, OPTIONS\r\n"
      "Auth-Token-Timeout: 1800\r\n"
      "Pragma: no-cache\r\n"
      "Cache-Control: max-age=0, no-cache, no-store, must-revalidate\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "X-API-Node: localhost\r\n"
      "X-API-Time: [0-9]+\\.[0-9]{3}s\r\n"
      "Vary: Accept\r\n"
      "Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT\r\n"
      "Content-Type: application/json\r\n"
      "Content-Length: 89\r\n"
      "\r\n"
      "\\{\"token\":\"[0-9a-f]{40}\","
      "\"expires\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z\"\\}");
  EXPECT_TRUE(std::regex_match(bytes, expected)) << bytes;
}

TEST(C11, ThePublishedExamplesAreAnsweredToTheByte) {
  OwnServer server;
  add_user(server.process.data(), "user", "my pass");
  HttpClient client(server.process.port());
  const std::string json = "{\n    \"username\": \"user\",\n    \"password\": \"my pass\"\n}";
  const std::string form = "username=user&password=my%20pass";
  expect_published_answer(client, kJsonType, json);
  expect_published_answer(client, kJsonType, R"({"username": "user", "password": "my pass"})");
  expect_published_answer(client, kFormType, form);
  const std::string token = token_in(post_login(client, json, {{"Content-Type", kJsonType}}));
  EXPECT_EQ(token_in(post_login(client, form, {{"Content-Type", kFormType}})), token);
  for (const char* const name : {"X-Auth-Token", "Authorization"}) {
    EXPECT_EQ(client.request("GET", kMePath, {{name, "Token " + token}}).status, 200) << name;
  }
  EXPECT_EQ(client.request("DELETE", kTokenPath, {{"Authorization", "Token " + token}}).status, 204);
  EXPECT_EQ(refusal_of(client.request("GET", kMePath, {{"Authorization", "Token " + token}})),
            "Token is expired");
}

}  // namespace
}  // namespace latchkey::test
