#include "http/peer_notices.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace latchkey::http {
namespace {

net::IpAddress address(std::string_view text) { return net::IpAddress::parse(text).value(); }
net::IpAddress numbered(int number) {
  return net::IpAddress::from_v4(10, 0, static_cast<std::uint8_t>(number >> 8),
                                 static_cast<std::uint8_t>(number));
}

constexpr BootTime kNow{1'000'000};

TEST(PeerNoticesTest, APeerIsNamedOnce) {
  PeerNotices notices;
  EXPECT_TRUE(notices.due(address("192.0.2.1"), kNow));
  EXPECT_FALSE(notices.due(address("192.0.2.1"), kNow));
  EXPECT_FALSE(notices.due(address("192.0.2.1"), BootTime{kNow.ms + 100 * PeerNotices::kStepMs}));
  EXPECT_TRUE(notices.due(address("192.0.2.2"), kNow));
  EXPECT_TRUE(notices.due(address("2001:db8::1"), kNow));
  EXPECT_FALSE(notices.due(address("2001:db8::2"), kNow)) << "its /64 is one";
}

TEST(PeerNoticesTest, AFloodOfPeersIsAFewAtOnceAndOneMoreInEachStep) {
  PeerNotices notices;
  int warned = 0;
  for (int i = 0; i < 1000; ++i) warned += notices.due(numbered(i), kNow) ? 1 : 0;
  EXPECT_EQ(warned, static_cast<int>(PeerNotices::kRemembered));
  const BootTime later{kNow.ms + 3 * PeerNotices::kStepMs};
  EXPECT_EQ(notices.due(numbered(1000), later), 1000 - PeerNotices::kRemembered)
      << "those that were left out";
  ++warned;
  for (int i = 1000; i < 2000; ++i) warned += notices.due(numbered(i), later) ? 1 : 0;
  EXPECT_EQ(warned, static_cast<int>(PeerNotices::kRemembered) + 3);
}

TEST(PeerNoticesTest, CoresThatSeeTheSamePeerAtOnceNameItOnce) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 200; ++round) {
    PeerNotices notices;
    std::atomic<int> warned = 0;
    std::atomic<int> ready = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        ++ready;
        while (ready < kThreads) std::this_thread::yield();
        if (notices.due(address("192.0.2.1"), kNow)) ++warned;
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(warned, 1);
  }
}

}  // namespace
}  // namespace latchkey::http
