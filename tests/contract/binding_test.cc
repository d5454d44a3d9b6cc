// Where a request comes from, what binds a token to it, and the resources behind the token (C-34 to C-36).
#include <gtest/gtest.h>

#include "support/rig.h"

namespace latchkey::test {
namespace {

ServerOptions with_flags(std::vector<std::string> flags) {
  ServerOptions options;
  options.flags = std::move(flags);
  return options;
}

/// Requests by way of a proxy: each with the forwarding lines that the proxy would send.
struct ByProxy {
  explicit ByProxy(std::vector<std::string> flags, const std::string& source = "127.0.0.1")
      : server(with_flags(std::move(flags))), client(server.process.port(), source) {}

  std::string obtain(HeaderLines forwarded) {
    forwarded.emplace_back("Content-Type", kJsonType);
    return token_in(post_login(client, login_json(kUser, kPassword), forwarded));
  }

  int check(const std::string& token, HeaderLines forwarded) {
    forwarded.emplace_back("Authorization", "Token " + token);
    return client.request("GET", kVerifyPath, forwarded).status;
  }

  OwnServer server;
  HttpClient client;
};

HeaderLines forwarded_for(const std::string& value) { return {{"X-Forwarded-For", value}}; }

TEST(C34, NobodyIsTrustedByDefault) {
  ByProxy proxy({});
  const std::string token = proxy.obtain(forwarded_for("203.0.113.5"));
  EXPECT_EQ(proxy.check(token, {}), 200);
  EXPECT_EQ(proxy.check(token, forwarded_for("198.51.100.7")), 200);
  EXPECT_EQ(proxy.check(token, {{"Forwarded", "for=198.51.100.7"}}), 200);
}

TEST(C34, ATrustedProxyTellsTheAddress) {
  ByProxy proxy({"--trusted-proxy", "127.0.0.0/8"});
  const std::string token = proxy.obtain(forwarded_for("203.0.113.5"));
  EXPECT_EQ(proxy.check(token, forwarded_for("203.0.113.5")), 200);
  EXPECT_EQ(proxy.check(token, forwarded_for("203.0.113.6")), 401);
  EXPECT_EQ(proxy.check(token, {}), 401);
  EXPECT_EQ(proxy.check(token, forwarded_for("::ffff:203.0.113.5")), 200) << "a mapped IPv4 equals its IPv4";
}

TEST(C34, ThePeerThatIsNoTrustedProxyIsNotBelieved) {
  ByProxy proxy({"--trusted-proxy", "127.0.0.1"}, "127.0.0.9");
  const std::string token = proxy.obtain(forwarded_for("203.0.113.5"));
  EXPECT_EQ(proxy.check(token, {}), 200);
  HttpClient trusted(proxy.server.process.port());
  EXPECT_EQ(trusted
                .request("GET", kVerifyPath,
                         {{"Authorization", "Token " + token}, {"X-Forwarded-For", "127.0.0.9"}})
                .status,
            200);
}

TEST(C34, TheRightmostAddressThatIsNoTrustedProxysCounts) {
  ByProxy proxy({"--trusted-proxy", "127.0.0.1,10.0.0.0/8"});
  const std::string token = proxy.obtain(forwarded_for("203.0.113.5"));
  EXPECT_EQ(proxy.check(token, forwarded_for("192.0.2.1, 203.0.113.5, 10.1.2.3")), 200);
  EXPECT_EQ(proxy.check(token, forwarded_for("203.0.113.5, 192.0.2.1, 10.1.2.3")), 401);
  // Several lines are one list, in their order.
  EXPECT_EQ(proxy.check(token, {{"X-Forwarded-For", "203.0.113.5"}, {"X-Forwarded-For", "10.9.9.9"}}), 200);
  EXPECT_EQ(proxy.check(token, {{"X-Forwarded-For", "203.0.113.5"}, {"X-Forwarded-For", "192.0.2.1"}}), 401);
}

TEST(C34, AnElementThatIsNoAddressEndsTheWalkAtThePeer) {
  ByProxy proxy({"--trusted-proxy", "127.0.0.1,10.0.0.0/8"});
  const std::string peers = proxy.obtain({});
  for (const char* const value :
       {"203.0.113.5, unknown", "203.0.113.5, nonsense, 10.1.2.3", "203.0.113.5,", "", "10.1.2.3"}) {
    EXPECT_EQ(proxy.check(peers, forwarded_for(value)), 200) << value;
  }
}

TEST(C34, TheOtherSourceIsIgnored) {
  ByProxy by_x({"--trusted-proxy", "127.0.0.1"});
  const std::string x_token = by_x.obtain(forwarded_for("203.0.113.5"));
  EXPECT_EQ(by_x.check(x_token, {{"X-Forwarded-For", "203.0.113.5"}, {"Forwarded", "for=192.0.2.1"}}), 200);

  ByProxy by_forwarded({"--trusted-proxy", "127.0.0.1", "--forwarded-source", "forwarded"});
  const std::string token = by_forwarded.obtain({{"Forwarded", "for=203.0.113.5;proto=https"}});
  EXPECT_EQ(by_forwarded.check(token,
                               {{"Forwarded", "for=\"203.0.113.5:4711\""}, {"X-Forwarded-For", "192.0.2.1"}}),
            200);
  EXPECT_EQ(by_forwarded.check(token, {{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-For", "203.0.113.5"}}),
            401);
  EXPECT_EQ(by_forwarded.check(token, forwarded_for("203.0.113.5")), 401);
}

TEST(C34, AListenerForThePROXYProtocolTakesTheAddressFromIt) {
  OwnServer server(with_flags({"--proxy-listen", "127.0.0.1:0"}));
  const std::uint16_t port = server.process.proxy_port();
  const std::string login =
      request_bytes("POST", kTokenPath, {{"Content-Type", kJsonType}}, login_json(kUser, kPassword));
  HttpClient client(port);
  client.send("PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\r\n" + login);
  const std::string token = token_in(client.receive());
  EXPECT_EQ(client.request("GET", kVerifyPath, {{"Authorization", "Token " + token}}).status, 200);

  HttpClient other(port);
  other.send("PROXY TCP4 203.0.113.6 203.0.113.9 40000 80\r\n");
  EXPECT_EQ(other.request("GET", kVerifyPath, {{"Authorization", "Token " + token}}).status, 401);

  HttpClient without(port);
  without.send(request_bytes("GET", "/api/v2/ping/"));
  EXPECT_TRUE(without.is_closed_by_server()) << "the header is required there";

  HttpClient guessed(server.process.port());
  guessed.send("PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\r\n" + request_bytes("GET", "/api/v2/ping/"));
  EXPECT_EQ(guessed.receive().status, 400) << "the header is never guessed elsewhere";
}

TEST(C35, ThePrefixOfAnAddressMayBindAlone) {
  OwnServer server(with_flags({"--bind-ipv4-prefix", "24"}));
  const std::uint16_t port = server.process.port();
  HttpClient home(port, "127.0.5.1");
  const std::string token = obtain_token(home, "phone");
  HttpClient near(port, "127.0.5.200");
  EXPECT_EQ(use_token(near, token, "phone").status, 200);
  EXPECT_EQ(obtain_token(near, "phone"), token);
  HttpClient far(port, "127.0.6.1");
  EXPECT_EQ(use_token(far, token, "phone").status, 401);
}

TEST(C35, AddressAndAgentCanEachBeSwitchedOff) {
  OwnServer by_agent(with_flags({"--bind-address=false"}));
  HttpClient here(by_agent.process.port());
  HttpClient there(by_agent.process.port(), "127.0.0.2");
  const std::string roaming = obtain_token(here, "phone");
  EXPECT_EQ(use_token(there, roaming, "phone").status, 200);
  EXPECT_EQ(use_token(there, roaming, "other").status, 401);

  OwnServer by_address(with_flags({"--bind-agent=false"}));
  HttpClient home(by_address.process.port());
  HttpClient away(by_address.process.port(), "127.0.0.2");
  const std::string fixed = obtain_token(home, "phone");
  EXPECT_EQ(use_token(home, fixed, "other").status, 200);
  EXPECT_EQ(use_token(away, fixed, "phone").status, 401);
}

TEST(C35, TheWholeAgentBindsHoweverLongItIs) {
  HttpClient client(common_server().port());
  const std::string agent = own_agent() + std::string(4000, 'a');
  const std::string token = obtain_token(client, agent);
  EXPECT_EQ(use_token(client, token, agent).status, 200);
  EXPECT_EQ(use_token(client, token, agent + "b").status, 401);
}

class C36 : public ::testing::Test {
 protected:
  const std::string agent_ = own_agent();
  HttpClient client_{common_server().port()};
};

TEST_F(C36, VerifyAdmitsAnyMethodAndAnyPathBelow) {
  const std::string token = obtain_token(client_, agent_);
  for (const char* const method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"}) {
    const Response response = use_token(client_, token, agent_, kVerifyPath, method);
    EXPECT_EQ(response.status, 200) << method;
    EXPECT_EQ(response.body, "") << method;
    EXPECT_EQ(response.value("Content-Length"), "0") << method;
    EXPECT_EQ(response.value("X-Auth-User"), kUser) << method;
  }
  for (const char* const target :
       {"/auth/verify/", "/auth/verify?x=y", "/auth/verify/some/app?q=1", "/auth/verify//"}) {
    EXPECT_EQ(use_token(client_, token, agent_, target).status, 200) << target;
    EXPECT_EQ(client_.request("GET", target).status, 401) << target;
  }
}

TEST_F(C36, VerifyPassesABodyOver) {
  const std::string token = obtain_token(client_, agent_);
  const HeaderLines headers = {{"Authorization", "Token " + token}, {"User-Agent", agent_}};
  EXPECT_EQ(client_.request("POST", kVerifyPath, headers, std::string(30'000, 'x')).status, 200);
  EXPECT_EQ(client_.request("GET", kVerifyPath, headers).status, 200);
}

TEST_F(C36, VerifyNamesTheUserPercentEncoded) {
  const std::string token = obtain_token(client_, agent_, "zoë%");
  EXPECT_EQ(use_token(client_, token, agent_).value("X-Auth-User"), "zo%C3%AB%25");
}

TEST_F(C36, MeTellsWhoTheTokenStandsFor) {
  const std::string token = obtain_token(client_, agent_, "zoë%");
  const Response response = use_token(client_, token, agent_, kMePath);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.value("Content-Type"), kJsonType);
  constexpr std::string_view kStart = R"({"count":1,"next":null,"previous":null,"results":[{"id":)";
  ASSERT_TRUE(response.body.starts_with(kStart)) << response.body;
  const std::size_t comma = response.body.find(',', kStart.size());
  EXPECT_GT(std::stoi(response.body.substr(kStart.size(), comma - kStart.size())), 0);
  EXPECT_EQ(response.body.substr(comma),
            R"(,"username":"zoë%","first_name":"","last_name":"","email":"","is_superuser":false}]})");
}

TEST_F(C36, MeTellsWhatTheCommandHasSet) {
  ServerProcess& server = common_server();
  const Finished added =
      run_latchkey(server.data(),
                   {"user", "add", "grace", "--password-stdin", "--superuser", "--first-name", "Grace",
                    "--last-name", "O\"Hopper", "--email", "grace@example.org"},
                   "cobol\n");
  ASSERT_EQ(added.status, 0) << added.errors;
  const std::string token = obtain_token(client_, agent_, "grace", "cobol");
  const Response response = use_token(client_, token, agent_, kMePath);
  EXPECT_TRUE(response.body.ends_with(
      R"("username":"grace","first_name":"Grace","last_name":"O\"Hopper","email":"grace@example.org","is_superuser":true}]})"))
      << response.body;
}

TEST_F(C36, MeAnswersGetHeadAndOptionsAlone) {
  const std::string token = obtain_token(client_, agent_);
  EXPECT_EQ(use_token(client_, token, agent_, kMePath, "HEAD").status, 200);
  EXPECT_EQ(use_token(client_, token, agent_, kMePath, "OPTIONS").status, 200);
  const Response posted = use_token(client_, token, agent_, kMePath, "POST");
  EXPECT_EQ(posted.status, 405);
  EXPECT_EQ(posted.value("Allow"), "GET, HEAD, OPTIONS");
}

}  // namespace
}  // namespace latchkey::test
