#include "latchkey/net/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string>

namespace latchkey::net {
namespace {

IpAddress ip(std::string_view text) {
  const std::optional<IpAddress> address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(IpAddress{});
}

TEST(IpAddress, ReadsWhatItWrites) {
  for (const char* text : {"0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1",
                           "fe80::1:0:0:1", "2001:0:0:1::1", "1:2:3:4:5:6:7:8", "1::8"}) {
    EXPECT_EQ(ip(text).to_text(), text);
  }
}

TEST(IpAddress, WritesIpv6AsRfc5952Asks) {
  EXPECT_EQ(ip("2001:DB8:0:0:0:0:0:1").to_text(), "2001:db8::1") << "lower case, zeros compressed";
  EXPECT_EQ(ip("2001:0db8::0001").to_text(), "2001:db8::1") << "no leading zeros";
  EXPECT_EQ(ip("2001:db8:0:1:1:1:1:1").to_text(), "2001:db8:0:1:1:1:1:1") << "one zero group stays";
  EXPECT_EQ(ip("2001:0:0:0:db8:0:0:1").to_text(), "2001::db8:0:0:1") << "the longest run is compressed";
  EXPECT_EQ(ip("2001:db8:0:0:1:0:0:1").to_text(), "2001:db8::1:0:0:1")
      << "the first of equal runs is compressed";
  EXPECT_EQ(ip("1:0:0:0:0:0:0:0").to_text(), "1::");
}

TEST(IpAddress, MappedIpv4IsTheSameAddressAsIpv4) {
  EXPECT_EQ(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
  EXPECT_EQ(ip("::ffff:c000:201"), ip("192.0.2.1"));
  EXPECT_EQ(ip("::ffff:192.0.2.1").to_text(), "192.0.2.1");
  EXPECT_TRUE(ip("::ffff:192.0.2.1").is_v4());
  EXPECT_FALSE(ip("::192.0.2.1").is_v4());
  EXPECT_EQ(IpAddress::from_v4(192, 0, 2, 1), ip("192.0.2.1"));
}

TEST(IpAddress, LoopbackIsAllOf127AndTheOneOfIpv6) {
  for (const char* text : {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(ip(text).is_loopback()) << text;
  }
  for (const char* text : {"126.255.255.255", "128.0.0.1", "::", "::2", "1::1", "::127.0.0.1", "0.0.0.0"}) {
    EXPECT_FALSE(ip(text).is_loopback()) << text;
  }
}

TEST(IpAddress, RefusesWhatIsNotStrictlyAnAddress) {
  for (const char* text : {"",
                           " ",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "01.2.3.4",
                           "1.2.3.4 ",
                           " 1.2.3.4",
                           "0x7f.0.0.1",
                           "127.1",
                           "2130706433",
                           "1.2.3.-4",
                           "1.2.3.4/8",
                           "1.2.3.4:80",
                           ":",
                           ":::",
                           "1::2::3",
                           "12345::",
                           "g::",
                           "[::1]",
                           "::1%lo",
                           "::1/128",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "::ffff:1.2.3",
                           "localhost",
                           "1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(IpAddress, MaskClearsTheBitsBehindThePrefixOfItsFamily) {
  EXPECT_EQ(ip("192.0.2.255").masked(24, 0).to_text(), "192.0.2.0");
  EXPECT_EQ(ip("192.0.2.255").masked(28, 0).to_text(), "192.0.2.240");
  EXPECT_EQ(ip("192.0.2.255").masked(32, 0).to_text(), "192.0.2.255");
  EXPECT_EQ(ip("192.0.2.255").masked(0, 0).to_text(), "0.0.0.0");
  EXPECT_EQ(ip("2001:db8:1:2:3:4:5:6").masked(0, 64).to_text(), "2001:db8:1:2::");
  EXPECT_EQ(ip("2001:db8:1:2:3:4:5:6").masked(0, 128).to_text(), "2001:db8:1:2:3:4:5:6");
  EXPECT_EQ(ip("2001:db8:1:2:3:4:5:6").masked(32, 0).to_text(), "::");
}

TEST(Endpoint, ReadsAndWritesBothFamilies) {
  for (const char* text : {"127.0.0.1:8080", "[::1]:80", "0.0.0.0:0", "[::]:65535"}) {
    const Result<Endpoint> endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->to_text(), text);
  }
}

TEST(Endpoint, RefusalNamesTheTextAndSaysWhatIsWrong) {
  const auto text_of = [](std::string_view text) {
    const Result<Endpoint> endpoint = Endpoint::parse(text);
    return endpoint ? "accepted" : endpoint.error().text;
  };
  EXPECT_EQ(text_of("8080"), "\"8080\" is not an address and port: write it as 127.0.0.1:8080 or [::1]:8080");
  EXPECT_EQ(text_of("::1:80"),
            "\"::1:80\" is not an address and port: an IPv6 address stands in brackets, as in "
            "[::1]:8080");
  for (const char* text :
       {"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:080", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:8x"}) {
    EXPECT_NE(text_of(text).find("the port is a number from 0 to 65535"), std::string::npos) << text;
  }
  for (const char* text : {"localhost:80", ":80", "[127.0.0.1]:80", "[]:80", "[::1:80", "1.2.3:80"}) {
    EXPECT_NE(text_of(text), "accepted") << text;
  }
}

TEST(Endpoint, SurvivesTheWayThroughASocketAddress) {
  for (const char* text : {"192.0.2.1:443", "[2001:db8::1]:443"}) {
    const Endpoint endpoint = Endpoint::parse(text).value();
    sockaddr_storage storage{};
    const socklen_t length = endpoint.to_sockaddr(storage);
    EXPECT_EQ(length, endpoint.address.is_v4() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    const sockaddr& address = reinterpret_cast<const sockaddr&>(storage);
    EXPECT_EQ(Endpoint::from_sockaddr(address), endpoint);
    EXPECT_EQ(IpAddress::from_sockaddr(address), endpoint.address);
  }
  sockaddr_storage unix_address{};
  unix_address.ss_family = AF_UNIX;
  EXPECT_FALSE(Endpoint::from_sockaddr(reinterpret_cast<const sockaddr&>(unix_address)));
}

TEST(Network, ContainsWhatSharesItsPrefix) {
  const Network ten = Network::parse("10.0.0.0/8").value();
  EXPECT_TRUE(ten.contains(ip("10.255.255.255")));
  EXPECT_TRUE(ten.contains(ip("::ffff:10.1.2.3")));
  EXPECT_FALSE(ten.contains(ip("11.0.0.0")));
  EXPECT_FALSE(ten.contains(ip("a00::")));
  const Network odd = Network::parse("192.0.2.128/25").value();
  EXPECT_TRUE(odd.contains(ip("192.0.2.128")));
  EXPECT_FALSE(odd.contains(ip("192.0.2.127")));
  const Network v6 = Network::parse("2001:db8::/33").value();
  EXPECT_TRUE(v6.contains(ip("2001:db8:7fff::1")));
  EXPECT_FALSE(v6.contains(ip("2001:db8:8000::1")));
}

TEST(Network, BareAddressIsItsFullLength) {
  const Network one = Network::parse("192.0.2.1").value();
  EXPECT_EQ(one.to_text(), "192.0.2.1/32");
  EXPECT_TRUE(one.contains(ip("192.0.2.1")));
  EXPECT_FALSE(one.contains(ip("192.0.2.0")));
  EXPECT_EQ(Network::parse("::1").value().to_text(), "::1/128");
}

TEST(Network, KeepsTheFamiliesApart) {
  EXPECT_FALSE(Network::parse("::/0").value().contains(ip("192.0.2.1")));
  EXPECT_TRUE(Network::parse("::/0").value().contains(ip("2001:db8::1")));
  EXPECT_TRUE(Network::parse("0.0.0.0/0").value().contains(ip("192.0.2.1")));
  EXPECT_FALSE(Network::parse("0.0.0.0/0").value().contains(ip("2001:db8::1")));
}

TEST(Network, GivesTheRightSpellingWhereHostBitsAreSet) {
  EXPECT_EQ(Network::parse("10.1.2.3/8").error().text,
            "\"10.1.2.3/8\" has bits set behind its prefix: write 10.0.0.0/8");
  EXPECT_EQ(Network::parse("2001:db8::1/64").error().text,
            "\"2001:db8::1/64\" has bits set behind its prefix: write 2001:db8::/64");
}

TEST(Network, RefusesWhatIsNoNetwork) {
  for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8",
                           "::/129", "10/8", "ten", "10.0.0.0/8 "}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
}

}  // namespace
}  // namespace latchkey::net
