#include "latchkey/http/forwarded.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "latchkey/http/request_parser.h"

namespace latchkey::http {
namespace {

using net::IpAddress;
using net::Network;

constexpr auto kXff = ForwardedSource::kXForwardedFor;
constexpr auto kRfc7239 = ForwardedSource::kForwarded;

std::vector<Network> trusted() {
  return {Network::parse("10.0.0.0/8").value(), Network::parse("fd00::/8").value()};
}

/// The remote address of a request from the proxy 10.0.0.1, or from `peer`.
std::string remote(ForwardedSource source, const std::vector<std::string_view>& lines,
                   const char* peer = "10.0.0.1") {
  return remote_address(IpAddress::parse(peer).value(), trusted(), source, lines).to_text();
}

TEST(Forwarded, FromAPeerThatIsNotTrustedNothingCounts) {
  EXPECT_EQ(remote(kXff, {"1.1.1.1"}, "192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(remote(kRfc7239, {"for=1.1.1.1"}, "192.0.2.1"), "192.0.2.1");
  const std::vector<std::string_view> lines = {"1.1.1.1"};
  EXPECT_EQ(remote_address(IpAddress::parse("10.0.0.1").value(), {}, kXff, lines).to_text(), "10.0.0.1");
}

TEST(Forwarded, TheRightmostAddressThatIsNotAProxysCounts) {
  EXPECT_EQ(remote(kXff, {"1.1.1.1"}), "1.1.1.1");
  EXPECT_EQ(remote(kXff, {"9.9.9.9, 1.1.1.1"}), "1.1.1.1")
      << "what the client itself sent stands to the left";
  EXPECT_EQ(remote(kXff, {"9.9.9.9, 1.1.1.1, 10.2.2.2,10.3.3.3"}), "1.1.1.1");
  EXPECT_EQ(remote(kXff, {"2001:db8::1, fd00::2"}), "2001:db8::1");
  EXPECT_EQ(remote(kRfc7239, {"for=9.9.9.9, for=1.1.1.1;by=10.0.0.1, for=\"[fd00::1]:80\""}), "1.1.1.1");
  EXPECT_EQ(remote(kXff, {"1.1.1.1"}, "::ffff:10.0.0.1"), "1.1.1.1") << "a mapped peer is its IPv4";
  EXPECT_EQ(remote(kXff, {"1.1.1.1, ::ffff:10.0.0.9"}), "1.1.1.1") << "and so is a mapped hop";
}

TEST(Forwarded, LinesAreJoinedInOrder) {
  EXPECT_EQ(remote(kXff, {"9.9.9.9", "1.1.1.1", "10.1.1.1"}), "1.1.1.1");
  EXPECT_EQ(remote(kRfc7239, {"for=9.9.9.9", "for=1.1.1.1", "for=10.1.1.1"}), "1.1.1.1");
}

TEST(Forwarded, WithoutAnAddressThePeerCounts) {
  EXPECT_EQ(remote(kXff, {}), "10.0.0.1");
  EXPECT_EQ(remote(kXff, {""}), "10.0.0.1");
  EXPECT_EQ(remote(kXff, {"10.1.1.1, 10.2.2.2"}), "10.0.0.1") << "all are proxies";
}

TEST(Forwarded, AnElementThatDoesNotParseEndsTheWalk) {
  for (const char* element :
       {"unknown", "", " ", "1.1.1", "01.1.1.1", "_hidden", "\"1.1.1.2\"", "for=1.1.1.2", "1.1.1.2 x",
        "[1.1.1.2]", "1.1.1.2:", "1.1.1.2:x", "1.1.1.2:123456", "[::1", "[2001:db8::1]x"}) {
    const std::string text(element);
    EXPECT_EQ(remote(kXff, {"1.1.1.1," + text}), "10.0.0.1") << text;
    EXPECT_EQ(remote(kXff, {"1.1.1.1," + text + ",10.2.2.2"}), "10.0.0.1") << text;
    EXPECT_EQ(remote(kXff, {text + ",1.1.1.1"}), "1.1.1.1") << "not reached: " << text;
  }
}

TEST(Forwarded, PortsAreDropped) {
  EXPECT_EQ(remote(kXff, {"1.1.1.1:8080"}), "1.1.1.1");
  EXPECT_EQ(remote(kXff, {"[2001:db8::1]:8080"}), "2001:db8::1");
  EXPECT_EQ(remote(kXff, {"[2001:db8::1]"}), "2001:db8::1");
  EXPECT_EQ(remote(kRfc7239, {"for=\"1.1.1.1:8080\""}), "1.1.1.1");
  EXPECT_EQ(remote(kRfc7239, {"for=\"1.1.1.1:_obf.1\""}), "1.1.1.1");
  EXPECT_EQ(remote(kRfc7239, {"for=\"[2001:db8::1]:80\""}), "2001:db8::1");
}

TEST(Forwarded, Rfc7239ElementsAreReadWhole) {
  EXPECT_EQ(remote(kRfc7239, {"proto=https;FOR=1.1.1.1;by=\"[::1]:80\";host=\"a,b;c\""}), "1.1.1.1");
  EXPECT_EQ(remote(kRfc7239, {" for=1.1.1.1 ; proto=http ;; "}), "1.1.1.1");
  EXPECT_EQ(remote(kRfc7239, {"for=9.9.9.9;host=\"x, for=8.8.8.8\", for=1.1.1.1"}), "1.1.1.1");
}

TEST(Forwarded, Rfc7239ElementWithoutAnAddressEndsTheWalk) {
  for (const char* element : {"for=unknown",
                              "for=_gazonk",
                              "for=\"_gazonk\"",
                              "proto=https",
                              "",
                              "for=2001:db8::1",
                              "for=[2001:db8::1]",
                              "for=\"2001:db8::1\"",
                              "for=1.1.1.2:80",
                              "for=1.1.1.2;for=1.1.1.3",
                              "for = 1.1.1.2",
                              "for=",
                              "for",
                              "=1.1.1.2",
                              "for=\"1.1.1.2",
                              "for=\"1.1.1.2\"x",
                              "for=\"1.1.1\\.2\"",
                              "for=\"1.1.1.2:_\"",
                              "for=1.1.1.2 proto=http",
                              "1.1.1.2"}) {
    EXPECT_EQ(remote(kRfc7239, {"for=1.1.1.1", element}), "10.0.0.1") << element;
    EXPECT_EQ(remote(kRfc7239, {element, "for=1.1.1.1"}), "1.1.1.1") << "not reached: " << element;
  }
}

TEST(Forwarded, AQuoteThatTheClientOpensCannotMakeAnAddress) {
  EXPECT_EQ(remote(kRfc7239, {"for=6.6.6.6;x=\", for=1.1.1.1"}), "10.0.0.1");
  EXPECT_EQ(remote(kRfc7239, {"for=6.6.6.6;x=\", for=\"[2001:db8::1]\""}), "10.0.0.1");
}

TEST(Forwarded, HopsAreBounded) {
  std::string chain = "1.1.1.1";
  for (std::size_t i = 1; i < kMaxForwardedHops; ++i) chain += ",10.1.1.1";
  EXPECT_EQ(remote(kXff, {chain}), "1.1.1.1");
  EXPECT_EQ(remote(kXff, {chain + ",10.1.1.1"}), "10.0.0.1");
  EXPECT_EQ(remote(kXff, {chain, chain}), "1.1.1.1");
}

TEST(Forwarded, OnlyTheNamedSourceOfAHeadIsRead) {
  RequestHead head;
  const std::string text =
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\nForwarded: for=2.2.2.2\r\nx-forwarded-for: "
      "1.1.1.1\r\n\r\n";
  ASSERT_EQ(parse_request_head(text, 0, {}, head).status, ParseResult::Status::kComplete);
  const IpAddress peer = IpAddress::parse("10.0.0.1").value();
  EXPECT_EQ(remote_address(peer, trusted(), kXff, head).to_text(), "1.1.1.1");
  EXPECT_EQ(remote_address(peer, trusted(), kRfc7239, head).to_text(), "2.2.2.2");
}

/// Whether a request with these header lines from this peer came over https.
bool over_https(ForwardedSource source, std::string_view lines, const char* peer = "10.0.0.1") {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
  RequestHead head;
  EXPECT_EQ(parse_request_head(text, 0, HeadLimits{}, head).status, ParseResult::Status::kComplete);
  return came_over_https(is_trusted(IpAddress::parse(peer).value(), trusted()), trusted(), source, head);
}

TEST(ForwardedProto, IsBelievedFromATrustedPeerInTheOneSource) {
  EXPECT_TRUE(over_https(kXff, "X-Forwarded-Proto: https\r\n"));
  EXPECT_TRUE(over_https(kXff, "x-forwarded-proto: HTTPS\r\n"));
  EXPECT_TRUE(over_https(kRfc7239, "Forwarded: for=1.1.1.1;proto=https\r\n"));
  EXPECT_TRUE(over_https(kRfc7239, "Forwarded: Proto=\"https\";for=\"[2001:db8::1]:80\"\r\n"));
  EXPECT_FALSE(over_https(kXff, "X-Forwarded-Proto: https\r\n", "192.0.2.1"));
  EXPECT_FALSE(over_https(kRfc7239, "X-Forwarded-Proto: https\r\n"));
  EXPECT_FALSE(over_https(kXff, "Forwarded: for=1.1.1.1;proto=https\r\n"));
}

TEST(ForwardedProto, OfForwardedTheElementOfTheClientCountsAndOfTheOtherTheLast) {
  EXPECT_TRUE(over_https(kXff, "X-Forwarded-Proto: http, https\r\n"));
  EXPECT_FALSE(over_https(kXff, "X-Forwarded-Proto: https, http\r\n"));
  EXPECT_FALSE(over_https(kXff, "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n"));
  EXPECT_TRUE(
      over_https(kRfc7239, "Forwarded: for=9.9.9.9;proto=http\r\nForwarded: for=1.1.1.1;proto=https\r\n"));
  EXPECT_TRUE(over_https(kRfc7239, "Forwarded: for=1.1.1.1;proto=https, for=10.0.0.2;proto=http\r\n"));
  EXPECT_FALSE(over_https(kRfc7239, "Forwarded: for=1.1.1.1;proto=http, for=10.0.0.2;proto=https\r\n"));
  EXPECT_FALSE(over_https(kRfc7239, "Forwarded: proto=https, for=1.1.1.1\r\n"));
}

TEST(ForwardedProto, WhatIsMissingOrMalformedIsNotHttps) {
  for (const char* lines :
       {"", "Forwarded: for=1.1.1.1\r\n", "Forwarded: proto=https;proto=https\r\n",
        "Forwarded: proto=https, =\r\n", "Forwarded: proto=\"https\r\n", "Forwarded: proto=httpsx\r\n"}) {
    EXPECT_FALSE(over_https(kRfc7239, lines)) << lines;
  }
  EXPECT_FALSE(over_https(kXff, "X-Forwarded-Proto: httpsx\r\n"));
  EXPECT_FALSE(over_https(kXff, "X-Forwarded-Proto: https,\r\n"));
}

}  // namespace
}  // namespace latchkey::http
