#include "server/connection_counts.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace latchkey::server {
namespace {

constexpr std::size_t kInAll = 1000;

net::IpAddress address(std::string_view text) { return net::IpAddress::parse(text).value(); }

net::IpAddress numbered(std::size_t number) {
  return net::IpAddress::from_v4(10, static_cast<std::uint8_t>(number >> 16),
                                 static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number));
}

class PlacesTest : public ::testing::Test {
 protected:
  PlacesTest() { EXPECT_GE(sodium_init(), 0); }

  SystemRandom random_;
};

TEST_F(PlacesTest, AClientHasAsManyAsItMayAndOthersAsMany) {
  ConnectionCounts counts(2, kInAll, random_);
  EXPECT_TRUE(counts.take(address("203.0.113.5")));
  const auto second = counts.take(address("203.0.113.5"));
  ASSERT_TRUE(second);
  EXPECT_FALSE(counts.take(address("203.0.113.5")));
  EXPECT_TRUE(counts.take(address("203.0.113.6")));
  counts.give_back(*second);
  EXPECT_TRUE(counts.take(address("203.0.113.5")));
  EXPECT_FALSE(counts.take(address("203.0.113.5")));
}

TEST_F(PlacesTest, AnIpv6ClientIsAllOfItsSlash64) {
  ConnectionCounts counts(1, kInAll, random_);
  EXPECT_TRUE(counts.take(address("2001:db8::1")));
  EXPECT_FALSE(counts.take(address("2001:db8::2")));
  EXPECT_TRUE(counts.take(address("2001:db8:0:1::1")));
}

TEST_F(PlacesTest, AreForgottenWithTheLastConnection) {
  ConnectionCounts counts(2, kInAll, random_);
  const auto first = counts.take(address("203.0.113.5"));
  const auto second = counts.take(address("203.0.113.5"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(counts.used(), 1U);
  counts.give_back(*first);
  EXPECT_EQ(counts.used(), 1U);
  counts.give_back(*second);
  EXPECT_EQ(counts.used(), 0U);
}

TEST_F(PlacesTest, WithoutABoundNothingIsCounted) {
  ConnectionCounts counts(0, kInAll, random_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(counts.take(address("203.0.113.5")), ConnectionCounts::kUncounted);
  counts.give_back(ConnectionCounts::kUncounted);
  EXPECT_EQ(counts.used(), 0U);
}

// A sketch that counts several clients together would refuse some of these.
TEST_F(PlacesTest, AsManyClientsAsThereMayBeConnectionsHaveOneEachAndNoneASecond) {
  constexpr std::size_t kClients = 100'000;
  ConnectionCounts counts(1, kClients, random_);
  std::vector<ConnectionCounts::Cell> taken;
  for (std::size_t i = 0; i < kClients; ++i) {
    const auto place = counts.take(numbered(i));
    ASSERT_TRUE(place && *place != ConnectionCounts::kUncounted) << i;
    taken.push_back(*place);
  }
  EXPECT_EQ(counts.used(), kClients);
  for (std::size_t i = 0; i < kClients; ++i) ASSERT_FALSE(counts.take(numbered(i))) << i;
  for (const ConnectionCounts::Cell place : taken) counts.give_back(place);
  EXPECT_EQ(counts.used(), 0U);
}

TEST_F(PlacesTest, AClientThatFindsNoCellIsLetInUncounted) {
  ConnectionCounts counts(2, 1, random_);
  for (std::size_t i = 0; i < ConnectionCounts::kReach; ++i)
    ASSERT_NE(counts.take(numbered(i)), ConnectionCounts::kUncounted);
  EXPECT_EQ(counts.take(numbered(ConnectionCounts::kReach)), ConnectionCounts::kUncounted);
  EXPECT_NE(counts.take(numbered(0)), ConnectionCounts::kUncounted) << "who has a cell is counted in it";
  EXPECT_FALSE(counts.take(numbered(0)));
}

// One place for each of a few clients in a table of few cells. Cells are made, found full and given up all
// the time, and two cores find different free cells for the same client.
TEST_F(PlacesTest, CoresThatTakeAndGiveBackAtOnceNeverLetInTooManyAndLeaveNothing) {
  constexpr std::size_t kMost = 1;
  constexpr std::size_t kClients = 3;
  constexpr std::size_t kThreads = 4;
  constexpr int kRounds = 30'000;
  ConnectionCounts counts(kMost, 1, random_);
  std::array<std::atomic<std::size_t>, kClients> open{};
  std::atomic<std::size_t> too_many = 0;
  std::atomic<std::size_t> admitted = 0;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < kRounds; ++round) {
        const std::size_t client = (thread + static_cast<std::size_t>(round)) % kClients;
        const auto place = counts.take(numbered(client));
        if (!place) continue;
        if (++open[client] > kMost) ++too_many;
        ++admitted;
        --open[client];
        counts.give_back(*place);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(too_many, 0U);
  EXPECT_GT(admitted, 0U);
  EXPECT_EQ(counts.used(), 0U);
  for (std::size_t client = 0; client < kClients; ++client) {
    EXPECT_TRUE(counts.take(numbered(client))) << "something was left behind";
    EXPECT_FALSE(counts.take(numbered(client)));
  }
}

std::vector<net::Network> networks(std::initializer_list<std::string_view> texts) {
  std::vector<net::Network> networks;
  for (const std::string_view text : texts) networks.push_back(net::Network::parse(text).value());
  return networks;
}

TEST(PeerRulesTest, LoopbackAndTrustedProxiesAreNotCountedUnlessNamed) {
  const auto trusted = networks({"192.0.2.1"});
  const PeerRules rules{trusted, {}};
  for (const char* const uncounted : {"127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "192.0.2.1"}) {
    EXPECT_FALSE(rules.is_counted(address(uncounted))) << uncounted;
  }
  for (const char* const counted : {"192.0.2.2", "10.0.0.1", "2001:db8::1", "::2"}) {
    EXPECT_TRUE(rules.is_counted(address(counted))) << counted;
  }
  const auto named = networks({"127.0.0.2", "192.0.2.0/24", "::1"});
  const PeerRules with_named{trusted, named};
  for (const char* const counted : {"127.0.0.2", "192.0.2.1", "::1"}) {
    EXPECT_TRUE(with_named.is_counted(address(counted))) << counted;
  }
  EXPECT_FALSE(with_named.is_counted(address("127.0.0.1")));
}

TEST(PeerRulesTest, ThePROXYProtocolIsTakenFromTrustedProxiesAloneAndFromLoopbackWhereNoneIsNamed) {
  const PeerRules nobody{{}, {}};
  EXPECT_TRUE(nobody.may_name_client(address("127.0.0.1")));
  EXPECT_TRUE(nobody.may_name_client(address("::1")));
  EXPECT_FALSE(nobody.may_name_client(address("192.0.2.1")));
  const auto trusted = networks({"192.0.2.1"});
  const PeerRules one{trusted, {}};
  EXPECT_TRUE(one.may_name_client(address("192.0.2.1")));
  EXPECT_FALSE(one.may_name_client(address("192.0.2.2")));
  EXPECT_FALSE(one.may_name_client(address("127.0.0.1")));
}

}  // namespace
}  // namespace latchkey::server
