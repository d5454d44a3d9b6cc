#include "token/slab.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "token/entry.h"
#include "token/user_record.h"

namespace latchkey::token {
namespace {

class SlabTest : public ::testing::TestWithParam<runtime::PageSource::Mode> {
 protected:
  using Entries = Slab<Entry>;
  static constexpr std::uint32_t kChunk = Entries::kItemsPerChunk;

  SlabTest() : slab_(Entries::create(pages_.client(0), quiescence_, 0, 20 * kChunk).value()) {}
  ~SlabTest() override { quiescence_.collect_all(0); }

  std::vector<std::uint32_t> allocate(std::size_t count) {
    std::vector<std::uint32_t> ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back(slab_->allocate());
    return ids;
  }
  void settle() {
    quiescence_.collect(0);
    pages_.client(0).settle();
  }

  runtime::PageSource pages_{1, GetParam()};
  runtime::Quiescence quiescence_{2};
  std::unique_ptr<Entries> slab_;
};

TEST_P(SlabTest, GivesEachItemOnceAndNeverTheFirst) {
  const std::vector<std::uint32_t> ids = allocate(3 * kChunk);
  const std::set<std::uint32_t> different(ids.begin(), ids.end());
  EXPECT_EQ(different.size(), ids.size());
  EXPECT_FALSE(different.contains(0));
  EXPECT_EQ(slab_->used(), ids.size());
  EXPECT_LE(*different.rbegin(), slab_->end());
  for (const std::uint32_t id : ids) EXPECT_EQ((*slab_)[id].state().life(), Life::kFree);
}

TEST_P(SlabTest, GivesTheLowestFreeItemAgain) {
  allocate(2 * kChunk);
  slab_->release(7);
  slab_->release(3);
  EXPECT_FALSE(slab_->is_used(3));
  EXPECT_EQ(slab_->allocate(), 3U);
  EXPECT_EQ(slab_->allocate(), 7U);
  EXPECT_TRUE(slab_->is_used(7));
}

TEST_P(SlabTest, GivesNoneWhereTheRangeEnds) {
  std::size_t given = 0;
  while (slab_->allocate() != Entries::kNone) ++given;
  EXPECT_GE(given, 20 * kChunk);
  EXPECT_EQ(slab_->allocate(), Entries::kNone);
  slab_->release(100);
  EXPECT_EQ(slab_->allocate(), 100U);
}

TEST_P(SlabTest, ReturnsTheMemoryOfChunksThatAreWhollyFree) {
  const std::vector<std::uint32_t> ids = allocate(10 * kChunk);
  const std::size_t full = slab_->bytes();
  EXPECT_GE(full, 10 * Entries::kChunkBytes);
  for (const std::uint32_t id : ids) slab_->release(id);
  settle();
  EXPECT_LE(slab_->bytes(), 4 * Entries::kChunkBytes);
  EXPECT_EQ(slab_->used(), 0U);
  const std::vector<std::uint32_t> again = allocate(10 * kChunk);
  EXPECT_EQ(std::set<std::uint32_t>(again.begin(), again.end()).size(), again.size());
  for (const std::uint32_t id : again) ASSERT_EQ((*slab_)[id].state().life(), Life::kFree);
}

TEST_P(SlabTest, KeepsMemoryWhileACoreMayLookAtIt) {
  const std::vector<std::uint32_t> ids = allocate(10 * kChunk);
  quiescence_.activate(1);
  State state;
  ASSERT_TRUE((*slab_)[ids.back()].change(state, State(TableTime{5}, false, Life::kFree, 6)));
  for (const std::uint32_t id : ids) slab_->release(id);
  settle();
  EXPECT_EQ((*slab_)[ids.back()].state().generation(), 6U);
  quiescence_.rest(1);
  settle();
  EXPECT_LE(slab_->bytes(), 4 * Entries::kChunkBytes);
}

TEST_P(SlabTest, AtTheEdgeOfAChunkNoMemoryGoesToAndFro) {
  allocate(5 * kChunk);
  settle();
  const std::size_t bytes = slab_->bytes();
  const std::uint64_t done_here = pages_.client(0).done_here();
  for (int i = 0; i < 1000; ++i) {
    const std::vector<std::uint32_t> few = allocate(3);
    for (const std::uint32_t id : few) slab_->release(id);
    settle();
  }
  EXPECT_LE(slab_->bytes(), bytes + 2 * Entries::kChunkBytes);
  EXPECT_LE(pages_.client(0).done_here(), done_here + 2);
}

TEST_P(SlabTest, AgreesWithAModelThroughARandomLife) {
  std::mt19937 random(11);
  std::set<std::uint32_t> used;
  for (int round = 0; round < 30; ++round) {
    const std::size_t target = random() % (15 * kChunk);
    while (used.size() < target) {
      const std::uint32_t id = slab_->allocate();
      ASSERT_NE(id, Entries::kNone);
      ASSERT_TRUE(used.insert(id).second);
    }
    while (used.size() > target) {
      auto some = used.lower_bound(static_cast<std::uint32_t>(random() % slab_->end()));
      if (some == used.end()) some = used.begin();
      slab_->release(*some);
      used.erase(some);
    }
    settle();
    ASSERT_EQ(slab_->used(), used.size());
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, SlabTest,
                         ::testing::Values(runtime::PageSource::Mode::kInPlace,
                                           runtime::PageSource::Mode::kThread),
                         [](const auto& mode) {
                           return mode.param == runtime::PageSource::Mode::kThread ? "Thread" : "InPlace";
                         });

TEST(SlabGrowth, InSteadyGrowthTheOwnersThreadMapsNothing) {
  runtime::PageSource pages(1, runtime::PageSource::Mode::kThread);
  runtime::Quiescence quiescence(1);
  const auto slab = Slab<UserRecord>::create(pages.client(0), quiescence, 0, 100'000).value();
  const std::uint64_t at_the_start = pages.client(0).done_here();
  for (int i = 0; i < 50'000; ++i) {
    ASSERT_NE(slab->allocate(), Slab<UserRecord>::kNone);
    if (i % 1000 == 0) pages.client(0).settle();  // lets the helper work
  }
  EXPECT_EQ(pages.client(0).done_here(), at_the_start);
}

}  // namespace
}  // namespace latchkey::token
