// Which address a request comes from if there are proxies in front of the server (C-34).
#include <gtest/gtest.h>

#include "by_proxy.h"

namespace latchkey::test {
namespace {

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
  // Several lines form one list, in their order.
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

HeaderLines forwarded(const std::string& value) { return {{"Forwarded", value}}; }

TEST(C34, AnAddressOfXForwardedForMayHaveAPortAndBeIPv6) {
  ByProxy proxy({"--trusted-proxy", "127.0.0.1"});
  const std::string token = proxy.obtain(forwarded_for("2001:db8::5"));
  for (const char* const value :
       {"2001:db8::5", "2001:DB8:0:0:0:0:0:5", "[2001:db8::5]", "[2001:db8::5]:443"}) {
    EXPECT_EQ(proxy.check(token, forwarded_for(value)), 200) << value;
  }
  EXPECT_EQ(proxy.check(token, forwarded_for("2001:db8::6")), 401);
  const std::string fourth = proxy.obtain(forwarded_for("203.0.113.5:40000"));
  EXPECT_EQ(proxy.check(fourth, forwarded_for("203.0.113.5")), 200);
  EXPECT_EQ(proxy.check(fourth, forwarded_for("[::ffff:203.0.113.5]:1")), 200);
}

TEST(C34, ForwardedIsReadAsItsRfcHasIt) {
  ByProxy proxy({"--trusted-proxy", "127.0.0.1,10.0.0.0/8", "--forwarded-source", "forwarded"});
  const std::string token = proxy.obtain(forwarded("for=\"[2001:db8:cafe::17]:4711\""));
  for (const char* const value :
       {"for=\"[2001:db8:cafe::17]\"", "For=\"[2001:db8:cafe::17]:_port\"", "FOR=\"[2001:DB8:CAFE:0::17]\"",
        "proto=http;for=\"[2001:db8:cafe::17]\";by=203.0.113.43",
        "for=192.0.2.43, for=\"[2001:db8:cafe::17]\", for=10.0.0.1",
        "for=\"_client, for=192.0.2.1\", for=\"[2001:db8:cafe::17]\""}) {
    EXPECT_EQ(proxy.check(token, forwarded(value)), 200) << value;
  }
  EXPECT_EQ(proxy.check(token, {{"Forwarded", "for=192.0.2.1"},
                                {"Forwarded", "for=\"[2001:db8:cafe::17]\""},
                                {"Forwarded", "for=10.9.9.9"}}),
            200)
      << "lines are one list, in their order";
  EXPECT_EQ(proxy.check(token, forwarded("for=\"[2001:db8:cafe::17]\", for=192.0.2.43")), 401);
  // RFC 7239 requires quotes and brackets around IPv6.
  EXPECT_EQ(proxy.check(token, forwarded("for=2001:db8:cafe::17")), 401);
  EXPECT_EQ(proxy.check(token, forwarded("for=\"2001:db8:cafe::17\"")), 401);
}

TEST(C34, AnElementOfForwardedThatIsNoAddressEndsTheWalkAtThePeer) {
  ByProxy proxy({"--trusted-proxy", "127.0.0.1,10.0.0.0/8", "--forwarded-source", "forwarded"});
  const std::string peers = proxy.obtain({});
  for (const char* const value :
       {"for=203.0.113.5, for=unknown", "for=203.0.113.5, for=_hidden, for=10.1.2.3",
        "for=203.0.113.5, for=\"_SEVKISEK\"", "for=203.0.113.5, by=203.0.113.9", "for=203.0.113.5, nonsense",
        "for=203.0.113.5;for=203.0.113.5", "for=203.0.113.5, for=\"[2001:db8::1\"", "for=203.0.113.5, for=\"",
        "for=203.0.113.5,", "203.0.113.5", "for=10.1.2.3", ""}) {
    EXPECT_EQ(proxy.check(peers, forwarded(value)), 200) << value;
  }
}

TEST(C34, ForgingTheOtherSourceChangesNothing) {
  ByProxy by_x({"--trusted-proxy", "127.0.0.1"});
  const std::string honest = by_x.obtain(forwarded_for("203.0.113.5"));
  const std::string forged = by_x.obtain(
      {{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-For", "203.0.113.5"}, {"X-Real-IP", "192.0.2.1"}});
  EXPECT_EQ(forged, honest);
  // If the proxy itself adds nothing, the peer's address is used, not what the client made up.
  EXPECT_EQ(by_x.obtain(forwarded("for=203.0.113.5")), by_x.obtain({}));
  EXPECT_EQ(by_x.check(honest, forwarded("for=203.0.113.5")), 401);
}

TEST(C34, OnlyTheHolderBehindTheProxyEndsItsToken) {
  ByProxy proxy({"--trusted-proxy", "127.0.0.1"});
  const std::string token = proxy.obtain(forwarded_for("203.0.113.5"));
  const auto end = [&proxy, &token](const std::string& address) {
    return proxy.client
        .request("DELETE", kTokenPath, {{"Authorization", "Token " + token}, {"X-Forwarded-For", address}})
        .status;
  };
  EXPECT_EQ(end("203.0.113.6"), 204);
  EXPECT_EQ(proxy.check(token, forwarded_for("203.0.113.5")), 200);
  EXPECT_EQ(end("203.0.113.5"), 204);
  EXPECT_EQ(proxy.check(token, forwarded_for("203.0.113.5")), 401);
}

}  // namespace
}  // namespace latchkey::test
