#include "latchkey/server/places.h"

#include <gtest/gtest.h>

namespace latchkey::server {
namespace {

net::IpAddress address(const char* text) { return net::IpAddress::parse(text).value(); }

TEST(Places, AClientHasAsManyAsItMayAndOthersAsMany) {
  Places places(2);
  EXPECT_TRUE(places.take(address("192.0.2.1")));
  EXPECT_TRUE(places.take(address("192.0.2.1")));
  EXPECT_FALSE(places.take(address("192.0.2.1")));
  EXPECT_TRUE(places.take(address("192.0.2.2")));
  places.give_back(address("192.0.2.1"));
  EXPECT_TRUE(places.take(address("192.0.2.1")));
  EXPECT_FALSE(places.take(address("192.0.2.1")));
}

TEST(Places, AnIpv6ClientIsAllOfItsSlash64) {
  Places places(1);
  EXPECT_TRUE(places.take(address("2001:db8::1")));
  EXPECT_FALSE(places.take(address("2001:db8::ffff:2")));
  EXPECT_TRUE(places.take(address("2001:db8:0:1::1")));
}

TEST(Places, AreForgottenWithTheLastConnection) {
  Places places(2);
  EXPECT_TRUE(places.take(address("192.0.2.1")));
  EXPECT_TRUE(places.take(address("2001:db8::1")));
  EXPECT_EQ(places.clients(), 2U);
  places.give_back(address("2001:db8::2"));
  places.give_back(address("192.0.2.1"));
  EXPECT_EQ(places.clients(), 0U);
}

TEST(Places, WithoutABoundNothingIsCounted) {
  Places places(0);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(places.take(address("192.0.2.1")));
  EXPECT_EQ(places.clients(), 0U);
  places.give_back(address("192.0.2.1"));
}

}  // namespace
}  // namespace latchkey::server
