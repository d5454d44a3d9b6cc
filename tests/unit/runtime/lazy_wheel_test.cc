#include "latchkey/runtime/lazy_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace latchkey::runtime {
namespace {

constexpr std::int64_t kStartMs = 5'000;
constexpr std::size_t kUnbounded = 1'000'000;

struct VectorLinks {
  std::vector<std::uint32_t>* next_of;
  std::uint32_t next(std::uint32_t id) const { return (*next_of)[id]; }
  void set_next(std::uint32_t id, std::uint32_t next) const { (*next_of)[id] = next; }
};
using Wheel = LazyWheel<VectorLinks>;

class LazyWheelTest : public ::testing::Test {
 protected:
  explicit LazyWheelTest(std::int64_t tick_ms = 10) : wheel_(VectorLinks{&links_}, tick_ms, kStartMs) {}

  std::vector<std::uint32_t> advance(std::int64_t now_ms, std::size_t budget = kUnbounded) {
    std::vector<std::uint32_t> visited;
    wheel_.advance(now_ms, budget, [&](std::uint32_t id) {
      visited.push_back(id);
      return Wheel::kDrop;
    });
    std::sort(visited.begin(), visited.end());
    return visited;
  }

  std::vector<std::uint32_t> links_ = std::vector<std::uint32_t>(100'000);
  Wheel wheel_;
};

using Ids = std::vector<std::uint32_t>;

TEST_F(LazyWheelTest, AnIdIsVisitedAtItsTimeAndNotBefore) {
  wheel_.file(7, kStartMs + 100);
  EXPECT_EQ(wheel_.next_wake_ms(), kStartMs + 100);
  EXPECT_EQ(advance(kStartMs + 99), Ids{});
  EXPECT_EQ(advance(kStartMs + 100), Ids{7});
  EXPECT_EQ(advance(kStartMs + 100'000), Ids{});
}

TEST_F(LazyWheelTest, ATimeWithinATickIsRoundedUpToItsEnd) {
  wheel_.file(1, kStartMs + 101);
  EXPECT_EQ(advance(kStartMs + 109), Ids{});
  EXPECT_EQ(advance(kStartMs + 110), Ids{1});
}

TEST_F(LazyWheelTest, ATimeThatHasPassedIsTheNextTick) {
  advance(kStartMs + 1000);
  wheel_.file(1, kStartMs - 50);
  wheel_.file(2, kStartMs + 1000);
  EXPECT_EQ(advance(kStartMs + 1009), Ids{});
  EXPECT_EQ(advance(kStartMs + 1010), (Ids{1, 2}));
}

TEST_F(LazyWheelTest, AnEmptyWheelNeverWakes) {
  EXPECT_EQ(wheel_.next_wake_ms(), Wheel::kNever);
  EXPECT_FALSE(wheel_.behind());
}

TEST_F(LazyWheelTest, AnIdThatAsksForMoreIsVisitedAgain) {
  wheel_.file(1, kStartMs + 50);
  std::vector<std::int64_t> visits;
  for (std::int64_t now = kStartMs; now <= kStartMs + 200; now += 10) {
    wheel_.advance(now, kUnbounded, [&](std::uint32_t) {
      visits.push_back(now);
      return visits.size() < 3 ? now + 50 : Wheel::kDrop;
    });
  }
  EXPECT_EQ(visits, (std::vector<std::int64_t>{kStartMs + 50, kStartMs + 100, kStartMs + 150}));
}

TEST_F(LazyWheelTest, AnIdThatAlwaysAsksForNowIsVisitedOnceATick) {
  wheel_.file(1, kStartMs);
  int visits = 0;
  for (std::int64_t now_ms = kStartMs; now_ms <= kStartMs + 100; ++now_ms) {
    wheel_.advance(now_ms, kUnbounded, [&](std::uint32_t) {
      ++visits;
      return kStartMs;
    });
  }
  EXPECT_EQ(visits, 10);
}

constexpr std::int64_t kMonthLater = kStartMs + 30 * 86'400'000LL;

TEST_F(LazyWheelTest, AfterALongHaltWhatAVisitFilesIsOnTime) {
  wheel_.file(1, kStartMs + 500);
  wheel_.file(2, kStartMs + 86'400'000);
  Ids visited;
  wheel_.advance(kMonthLater, kUnbounded, [&](std::uint32_t id) {
    visited.push_back(id);
    return kMonthLater + 500;
  });
  EXPECT_EQ(visited, (Ids{1, 2})) << "in the order of their times";
  EXPECT_EQ(advance(kMonthLater + 499), Ids{});
  EXPECT_EQ(advance(kMonthLater + 510), (Ids{1, 2}));
}

TEST_F(LazyWheelTest, AfterALongHaltWhatIsFiledBeforeTheVisitsIsOnTime) {
  wheel_.file(1, kStartMs + 500);
  wheel_.catch_up(kMonthLater);
  EXPECT_TRUE(wheel_.behind());
  wheel_.file(2, kMonthLater + 500);
  EXPECT_EQ(advance(kMonthLater), Ids{1});
  EXPECT_EQ(advance(kMonthLater + 510), Ids{2});
}

TEST_F(LazyWheelTest, GivenMoreDueThanTheBudgetTheNextCallsGoOn) {
  constexpr std::uint32_t kIds = 1000;
  for (std::uint32_t id = 0; id < kIds; ++id) wheel_.file(id, kStartMs + 1000 + id % 3 * 10);
  std::size_t seen = advance(kStartMs + 5000, 300).size();
  EXPECT_EQ(seen, 300U);
  while (wheel_.behind()) {
    EXPECT_LE(wheel_.next_wake_ms(), kStartMs + 5000);
    const std::size_t visited = advance(kStartMs + 5000, 300).size();
    EXPECT_GT(visited, 0U);
    EXPECT_LE(visited, 300U);
    seen += visited;
  }
  EXPECT_EQ(seen, kIds);
}

TEST_F(LazyWheelTest, GivenNoBudgetNothingIsVisitedAndNothingIsLost) {
  wheel_.file(1, kStartMs + 10);
  EXPECT_EQ(advance(kStartMs + 20, 0), Ids{});
  EXPECT_TRUE(wheel_.behind());
  EXPECT_EQ(advance(kStartMs + 20), Ids{1});
  EXPECT_FALSE(wheel_.behind());
}

TEST_F(LazyWheelTest, ATimePastTheHorizonIsVisitedAtTheHorizon) {
  wheel_.file(1, Wheel::kDrop - 1);
  EXPECT_GE(wheel_.next_wake_ms(), kStartMs + (std::int64_t{1} << 37) * 10);
  EXPECT_EQ(advance(wheel_.next_wake_ms() - 1), Ids{});
  EXPECT_EQ(advance(wheel_.next_wake_ms()), Ids{1});
}

// Each filed id falls due at its own time, and must have been visited by its latest time.
struct Promise {
  std::int64_t due_ms;
  std::int64_t latest_ms;
};

struct Model {
  std::map<std::uint32_t, Promise> filed;
  std::multimap<std::int64_t, std::uint32_t> by_latest;

  void file(std::uint32_t id, std::int64_t now_ms, std::int64_t due_ms, std::int64_t tick_ms) {
    const std::int64_t way_ms = std::max<std::int64_t>(0, due_ms - now_ms) + tick_ms;
    const std::int64_t latest_ms = std::max(due_ms, now_ms) + 2 * tick_ms + way_ms / 60;
    filed.emplace(id, Promise{due_ms, latest_ms});
    by_latest.emplace(latest_ms, id);
  }

  void visited(std::uint32_t id, std::int64_t now_ms) {
    const auto found = filed.find(id);
    ASSERT_NE(found, filed.end()) << "id " << id << " was visited without being filed";
    ASSERT_GE(now_ms, found->second.due_ms) << "id " << id << " came too early";
    const auto [first, last] = by_latest.equal_range(found->second.latest_ms);
    by_latest.erase(std::find_if(first, last, [id](const auto& entry) { return entry.second == id; }));
    filed.erase(found);
  }
};

std::int64_t random_distance_ms(std::mt19937_64& random) {
  // From none to years, equally many of each order of magnitude.
  const std::uint64_t bits = random() % 38;
  return static_cast<std::int64_t>(random() % (std::uint64_t{1} << bits)) - 3;
}

class RandomRuns : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomRuns, EveryIdComesOnceAfterItsTimeAndWithinItsPrecision) {
  std::mt19937_64 random(GetParam());
  const auto tick_ms = static_cast<std::int64_t>(1 + random() % 40);
  std::vector<std::uint32_t> links(2000);
  Wheel wheel(VectorLinks{&links}, tick_ms, kStartMs);
  Model model;
  std::int64_t now_ms = kStartMs;
  for (int step = 0; step < 3000; ++step) {
    for (std::uint64_t i = random() % 4; i > 0; --i) {
      const auto id = static_cast<std::uint32_t>(random() % links.size());
      if (model.filed.contains(id)) continue;
      const std::int64_t due_ms = now_ms + random_distance_ms(random);
      wheel.catch_up(now_ms);
      wheel.file(id, due_ms);
      model.file(id, now_ms, due_ms, tick_ms);
    }
    const std::int64_t wake_ms = wheel.next_wake_ms();
    const std::uint64_t kind = random() % 8;
    if (kind == 0 && wake_ms != Wheel::kNever && wake_ms > now_ms) {
      ASSERT_EQ(wheel.advance(wake_ms - 1, kUnbounded, [](std::uint32_t) { return Wheel::kDrop; }), 0U);
      now_ms = wake_ms;
    } else {
      now_ms += static_cast<std::int64_t>(random() % (kind == 1 ? 1'000'000'000 : 300));
    }
    wheel.advance(now_ms, kUnbounded, [&](std::uint32_t id) -> std::int64_t {
      model.visited(id, now_ms);
      if (random() % 2 == 0) return Wheel::kDrop;
      const std::int64_t due_ms = now_ms + random_distance_ms(random);
      model.file(id, now_ms, due_ms, tick_ms);
      return due_ms;
    });
    ASSERT_FALSE(wheel.behind());
    ASSERT_TRUE(model.by_latest.empty() || model.by_latest.begin()->first > now_ms)
        << "id " << model.by_latest.begin()->second << " is late at step " << step;
  }
}

TEST_P(RandomRuns, UnderABudgetTheSameIdsComeAndNoneTooEarly) {
  std::mt19937_64 random(GetParam());
  std::vector<std::uint32_t> links(2000);
  Wheel wheel(VectorLinks{&links}, 7, kStartMs);
  Model model;
  std::int64_t now_ms = kStartMs;
  for (std::uint32_t id = 0; id < links.size(); ++id) {
    const std::int64_t due_ms = now_ms + static_cast<std::int64_t>(random() % 20'000);
    wheel.file(id, due_ms);
    model.file(id, now_ms, due_ms, 7);
  }
  std::vector<std::uint32_t> again;
  while (!model.filed.empty()) {
    now_ms += static_cast<std::int64_t>(random() % 500);
    const std::size_t budget = 1 + random() % 40;
    const std::size_t visited = wheel.advance(now_ms, budget, [&](std::uint32_t id) -> std::int64_t {
      model.visited(id, now_ms);
      if (id % 10 != 0 || again.size() > 1000) return Wheel::kDrop;
      again.push_back(id);
      const std::int64_t due_ms = now_ms + static_cast<std::int64_t>(random() % 3000);
      model.file(id, now_ms, due_ms, 7);
      return due_ms;
    });
    ASSERT_LE(visited, budget);
    if (!wheel.behind()) {
      ASSERT_GT(wheel.next_wake_ms(), now_ms);
    }
    ASSERT_LT(now_ms, kStartMs + 10'000'000);
  }
  EXPECT_EQ(wheel.next_wake_ms(), Wheel::kNever);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRuns, ::testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace latchkey::runtime
