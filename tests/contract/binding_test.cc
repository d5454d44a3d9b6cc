// What binds a token to its holder (C-35).
#include <gtest/gtest.h>

#include "by_proxy.h"

namespace latchkey::test {
namespace {

TEST(C35, ThePrefixOfAnAddressMayBindAlone) {
  OwnServer server({.flags = {"--bind-ipv4-prefix", "24"}});
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
  OwnServer by_agent({.flags = {"--bind-address=false"}});
  HttpClient here(by_agent.process.port());
  HttpClient there(by_agent.process.port(), "127.0.0.2");
  const std::string roaming = obtain_token(here, "phone");
  EXPECT_EQ(use_token(there, roaming, "phone").status, 200);
  EXPECT_EQ(use_token(there, roaming, "other").status, 401);

  OwnServer by_address({.flags = {"--bind-agent=false"}});
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

TEST(C35, ThePrefixOfIPv6LeavesIPv4Whole) {
  ByProxy proxy({"--trusted-proxy", "127.0.0.1", "--bind-ipv6-prefix", "64"});
  const std::string token = proxy.obtain(forwarded_for("2001:db8:1:2::5"));
  EXPECT_EQ(proxy.check(token, forwarded_for("2001:db8:1:2:ffff:ffff:ffff:ffff")), 200);
  EXPECT_EQ(proxy.obtain(forwarded_for("2001:db8:1:2::6")), token);
  EXPECT_EQ(proxy.check(token, forwarded_for("2001:db8:1:3::5")), 401);
  const std::string fourth = proxy.obtain(forwarded_for("203.0.113.5"));
  EXPECT_EQ(proxy.check(fourth, forwarded_for("::ffff:203.0.113.5")), 200);
  EXPECT_EQ(proxy.check(fourth, forwarded_for("203.0.113.6")), 401);
  EXPECT_EQ(proxy.check(fourth, forwarded_for("::ffff:203.0.113.6")), 401);
}

TEST(C35, ThePrefixOfIPv4LeavesIPv6Whole) {
  ByProxy proxy({"--trusted-proxy", "127.0.0.1", "--bind-ipv4-prefix", "12"});
  const std::string token = proxy.obtain(forwarded_for("203.16.0.5"));
  EXPECT_EQ(proxy.check(token, forwarded_for("203.31.255.255")), 200);
  EXPECT_EQ(proxy.check(token, forwarded_for("::ffff:203.20.0.1")), 200);
  EXPECT_EQ(proxy.check(token, forwarded_for("203.32.0.5")), 401);
  const std::string sixth = proxy.obtain(forwarded_for("2001:db8::5"));
  EXPECT_EQ(proxy.check(sixth, forwarded_for("2001:db8::6")), 401);
}

TEST(C35, NoAgentEqualsAnEmptyOne) {
  HttpClient client(common_server().port(), "127.0.0.35");
  const std::string token = obtain_token(client, "");
  EXPECT_EQ(client.request("GET", kVerifyPath, {{"Authorization", "Token " + token}}).status, 200);
  EXPECT_EQ(use_token(client, token, "some").status, 401);
}

TEST(C35, NeitherAddressNorAgentNeedBind) {
  OwnServer server({.flags = {"--bind-address=false", "--bind-agent=false"}});
  HttpClient here(server.process.port());
  HttpClient there(server.process.port(), "127.0.0.2");
  const std::string token = obtain_token(here, "phone");
  EXPECT_EQ(use_token(there, token, "other").status, 200);
  EXPECT_EQ(obtain_token(there, "other"), token) << "one user has one token";
}

TEST(C35, TheSessionsRowHoldsTheAddressAndTheAgentsFirst256BytesUnlessThatIsOff) {
  const std::string start(256, 'a');
  for (const bool is_on : {true, false}) {
    OwnServer server({.flags = {is_on ? "--session-text" : "--session-text=false"}});
    HttpClient client(server.process.port());
    const std::string token = obtain_token(client, start + "b");
    const auto listed = [&server] {
      return run_latchkey(server.process.data(), {"token", "list", kUser, "--json"}).output;
    };
    const std::string text = R"("address":"127.0.0.1")";
    const std::string agent = "\"agent\":\"" + start + "\"";
    EXPECT_EQ(listed().find(text) != std::string::npos, is_on) << listed();
    EXPECT_EQ(listed().find(agent) != std::string::npos, is_on) << listed();
    EXPECT_EQ(use_token(client, token, start + "c").status, 401) << "the whole agent binds all the same";
    EXPECT_EQ(end_token(client, token, start + "b").status, 204);
    EXPECT_EQ(listed().find(start), std::string::npos) << "the text goes with the session";
  }
}

}  // namespace
}  // namespace latchkey::test
