#include "credential/unlocked_names.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "latchkey/base/assert.h"

namespace latchkey::credential {
namespace {

constexpr BootTime kNow{1'000'000};
constexpr std::int64_t kWindowMs = 60'000;

BootTime after(std::int64_t ms) { return {kNow.ms + ms}; }

class UnlockedNamesTest : public ::testing::Test {
 protected:
  UnlockedNamesTest() { LATCHKEY_ASSERT(sodium_init() >= 0); }

  bool is_unlocked(std::string_view name, BootTime now) const { return names_.mark_of(name, now) != 0; }

  SystemRandom random_;
  UnlockedNames names_{random_};
};

TEST_F(UnlockedNamesTest, UnlocksANameForAWindowAndNoOther) {
  EXPECT_FALSE(is_unlocked("alice", kNow));
  ASSERT_TRUE(names_.unlock("alice", kWindowMs, kNow));
  EXPECT_TRUE(is_unlocked("alice", kNow));
  EXPECT_FALSE(is_unlocked("bob", kNow));
  EXPECT_TRUE(is_unlocked("alice", after(kWindowMs - 1)));
  EXPECT_FALSE(is_unlocked("alice", after(kWindowMs)));
}

TEST_F(UnlockedNamesTest, EachUnlockingHasAMarkOfItsOwn) {
  std::set<std::int64_t> marks;
  for (const std::int64_t ms : {0, 0, 0, 1, 500, 100'000}) {
    ASSERT_TRUE(names_.unlock("alice", kWindowMs, after(ms)));
    EXPECT_TRUE(marks.insert(names_.mark_of("alice", after(ms))).second) << ms;
  }
}

TEST_F(UnlockedNamesTest, HasRoomForAThousandNamesAndForgetsThemWithTheirWindow) {
  for (int window = 0; window < 5; ++window) {
    const BootTime now = after(window * kWindowMs);
    for (int i = 0; i < 1000; ++i)
      ASSERT_TRUE(names_.unlock(std::to_string(window) + "-" + std::to_string(i), kWindowMs, now)) << i;
    for (int i = 0; i < 1000; ++i)
      EXPECT_TRUE(is_unlocked(std::to_string(window) + "-" + std::to_string(i), now)) << i;
  }
}

TEST_F(UnlockedNamesTest, SaysThatItIsFullAndKeepsWhatItHas) {
  constexpr std::size_t kSlots = UnlockedNames::kBuckets * UnlockedNames::kSlotsPerBucket;
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < 4 * kSlots; ++i) {
    if (names_.unlock(std::to_string(i), kWindowMs, kNow)) kept.push_back(std::to_string(i));
  }
  EXPECT_EQ(kept.size(), kSlots);
  for (const std::string& name : kept) EXPECT_TRUE(is_unlocked(name, kNow)) << name;
  EXPECT_TRUE(names_.unlock(kept.front(), kWindowMs, after(1))) << "one that has its place already";
  EXPECT_TRUE(names_.unlock("one more", kWindowMs, after(kWindowMs)));
}

// While slots change hands, a reader sees each of them only for its own name.
TEST_F(UnlockedNamesTest, NobodySeesANameUnlockedThatNeverWas) {
  std::atomic<bool> over = false;
  std::atomic<int> wrong = 0;
  std::thread reader([&] {
    while (!over) {
      for (int i = 0; i < 500; ++i) {
        if (names_.mark_of("never " + std::to_string(i), kNow) != 0) ++wrong;
      }
    }
  });
  // Each window is over before the next name comes.
  for (std::int64_t i = 0; i < 20'000; ++i) names_.unlock(std::to_string(i), 1, {kNow.ms - 1 + i * 2});
  over = true;
  reader.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace latchkey::credential
