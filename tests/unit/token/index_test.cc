#include "token/index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

namespace latchkey::token {
namespace {

constexpr std::uint32_t kSegments = 16;

std::uint64_t hash_of(std::uint64_t value) {
  // SplitMix64: spreads numbers as a real hash does.
  value += 0x9E37'79B9'7F4A'7C15;
  value = (value ^ (value >> 30)) * 0xBF58'476D'1CE4'E5B9;
  value = (value ^ (value >> 27)) * 0x94D0'49BB'1331'11EB;
  return value ^ (value >> 31);
}

class IndexTest : public ::testing::Test {
 protected:
  IndexTest() : index_(Index::create(*heap_, quiescence_, 0, kSegments).value()) {}
  ~IndexTest() override { quiescence_.collect_all(0); }

  bool insert(std::uint32_t value) {
    quiescence_.collect(0);
    return index_->insert(hash_of(value), value);
  }
  void erase(std::uint32_t value) {
    quiescence_.collect(0);
    index_->erase(hash_of(value), value);
  }
  bool holds(std::uint32_t value) const {
    return index_->find(hash_of(value), [value](std::uint32_t found) { return found == value; }) == value;
  }

  runtime::PageSource pages_{1, runtime::PageSource::Mode::kInPlace};
  std::unique_ptr<runtime::PageHeap> heap_ =
      runtime::PageHeap::create(pages_.client(0), std::size_t{1} << 30).value();
  runtime::Quiescence quiescence_{3};
  std::unique_ptr<Index> index_;
};

TEST_F(IndexTest, FindsWhatWasInsertedAndNothingElse) {
  for (std::uint32_t value = 1; value <= 100'000; ++value) ASSERT_TRUE(insert(value));
  EXPECT_EQ(index_->size(), 100'000U);
  for (std::uint32_t value = 1; value <= 100'000; ++value) ASSERT_TRUE(holds(value)) << value;
  for (std::uint32_t value = 100'001; value <= 200'000; ++value) ASSERT_FALSE(holds(value)) << value;
}

TEST_F(IndexTest, FindsNothingOnceItIsErased) {
  for (std::uint32_t value = 1; value <= 10'000; ++value) ASSERT_TRUE(insert(value));
  for (std::uint32_t value = 1; value <= 10'000; value += 2) erase(value);
  for (std::uint32_t value = 1; value <= 10'000; ++value) ASSERT_EQ(holds(value), value % 2 == 0) << value;
}

TEST_F(IndexTest, OfSeveralValuesWithOneHashFindsTheOneThatMatches) {
  for (std::uint32_t value = 1; value <= 50; ++value) ASSERT_TRUE(index_->insert(42, value));
  index_->erase(42, 25);
  for (std::uint32_t value = 1; value <= 50; ++value) {
    const std::uint32_t found =
        index_->find(42, [value](std::uint32_t candidate) { return candidate == value; });
    EXPECT_EQ(found, value == 25 ? Index::kNone : value);
  }
}

TEST_F(IndexTest, AgreesWithAModelThroughARandomLife) {
  std::mt19937_64 random(5);
  std::vector<std::uint32_t> live;
  std::uint32_t next = 1;
  for (const std::size_t target : {50'000U, 3'000U, 80'000U, 0U, 20'000U, 19'000U, 20'000U, 500U}) {
    for (int step = 0; step < 200'000 && live.size() != target; ++step) {
      const bool grows = live.size() < target;
      if (live.empty() || random() % 4 != 0 ? grows : !grows) {
        ASSERT_TRUE(insert(next));
        live.push_back(next++);
      } else if (!live.empty()) {
        const std::size_t at = random() % live.size();
        erase(live[at]);
        live[at] = live.back();
        live.pop_back();
      }
    }
    ASSERT_EQ(index_->size(), live.size());
    for (const std::uint32_t value : live) ASSERT_TRUE(holds(value)) << value;
  }
  std::unordered_map<std::uint32_t, bool> is_live;
  for (const std::uint32_t value : live) is_live[value] = true;
  for (std::uint32_t value = 1; value < next; ++value) ASSERT_EQ(holds(value), is_live.contains(value));
}

TEST_F(IndexTest, CostsAboutElevenBytesACellAtEverySize) {
  for (std::uint32_t value = 1; value <= 2'000'000; ++value) {
    ASSERT_TRUE(insert(value));
    // From 64 Ki cells per segment on, the page size no longer shows.
    if (value < 400'000 || value % 10'000 != 0) continue;
    const double bytes_per_cell = static_cast<double>(index_->bytes()) / value;
    ASSERT_LT(bytes_per_cell, 11.0) << value;
    ASSERT_GT(bytes_per_cell, 9.4) << value;
  }
}

TEST_F(IndexTest, OfATighterShapeCostsLessACell) {
  index_ = Index::create(*heap_, quiescence_, 0, kSegments, {.growth = 1.125, .fullest = 0.92}).value();
  for (std::uint32_t value = 1; value <= 1'000'000; ++value) {
    ASSERT_TRUE(insert(value));
    if (value < 400'000 || value % 10'000 != 0) continue;
    ASSERT_LT(static_cast<double>(index_->bytes()) / value, 9.4) << value;
  }
  for (std::uint32_t value = 1; value <= 1'000'000; ++value) ASSERT_TRUE(holds(value)) << value;
}

TEST_F(IndexTest, AReplacedValueIsFoundInThePlaceOfTheOld) {
  for (std::uint32_t value = 1; value <= 1000; ++value) ASSERT_TRUE(index_->insert(hash_of(value), value));
  index_->replace(hash_of(500), 500, 5000);
  const auto any = [](std::uint32_t) { return true; };
  EXPECT_EQ(index_->find(hash_of(500), any), 5000U);
  EXPECT_EQ(index_->size(), 1000U);
  index_->erase(hash_of(500), 5000);
  EXPECT_EQ(index_->find(hash_of(500), any), Index::kNone);
}

TEST_F(IndexTest, GivesItsMemoryBackAsItEmpties) {
  const std::size_t empty = index_->bytes();
  for (std::uint32_t value = 1; value <= 200'000; ++value) ASSERT_TRUE(insert(value));
  EXPECT_GT(index_->bytes(), 8U * 200'000);
  for (std::uint32_t value = 1; value <= 200'000; ++value) erase(value);
  EXPECT_LE(index_->bytes(), 2 * empty);
  quiescence_.collect(0);
  EXPECT_EQ(heap_->used_bytes(), index_->bytes());
}

TEST_F(IndexTest, AtOneSizeMarksDoNotMakeItGrow) {
  constexpr std::uint32_t kLive = 20'000;
  for (std::uint32_t value = 1; value <= kLive; ++value) ASSERT_TRUE(insert(value));
  const std::size_t bytes = index_->bytes();
  for (std::uint32_t value = kLive + 1; value <= 20 * kLive; ++value) {
    erase(value - kLive);
    ASSERT_TRUE(insert(value));
  }
  EXPECT_LE(index_->bytes(), bytes + bytes / 3);
}

TEST_F(IndexTest, WhereNothingMayBeRetiredItFillsUpAndThenRefusesUnchanged) {
  const auto nothing = [](void*, void*, std::size_t) noexcept {};
  quiescence_.activate(1);
  while (quiescence_.has_room(0, 1)) quiescence_.retire(0, nothing, nullptr, nullptr, 0);
  std::uint32_t value = 1;
  while (index_->insert(hash_of(value), value)) ++value;
  EXPECT_GT(value, kSegments * 400U);
  EXPECT_EQ(index_->size(), value - 1);
  EXPECT_FALSE(holds(value));
  for (std::uint32_t earlier = 1; earlier < value; ++earlier) ASSERT_TRUE(holds(earlier));
  quiescence_.rest(1);
  EXPECT_TRUE(insert(value));
}

TEST_F(IndexTest, ItsNextArraysAreThereAheadOfNeed) {
  runtime::PageSource pages(1, runtime::PageSource::Mode::kThread);
  const auto heap = runtime::PageHeap::create(pages.client(0), std::size_t{1} << 30).value();
  const auto index = Index::create(*heap, quiescence_, 0, kSegments).value();
  const std::uint64_t at_the_start = pages.client(0).done_here();
  for (std::uint32_t value = 1; value <= 300'000; ++value) {
    ASSERT_TRUE(index->insert(hash_of(value), value));
    if (value % 16 != 0) continue;
    pages.client(0).settle();  // lets the helper work
    quiescence_.collect(0);
  }
  EXPECT_EQ(pages.client(0).done_here(), at_the_start);
  quiescence_.collect_all(0);
}

// The reason why the view is checked twice: the array that the reader holds is replaced after the reader has
// loaded it and before it searches it.
TEST_F(IndexTest, AReaderHeldWhileTheIndexGrowsMissesNothing) {
  constexpr std::uint32_t kLooked = 777'777;
  const std::uint64_t hash = hash_of(kLooked);
  quiescence_.activate(1);
  int holds = 0;
  const auto hold = [&] {
    if (++holds > 1) return;
    const std::size_t before = index_->bytes();
    // Only into this reader's segment: values whose hash leads there.
    for (std::uint32_t value = 1; index_->bytes() == before; ++value) {
      if ((hash_of(value) & (kSegments - 1)) == (hash & (kSegments - 1))) {
        ASSERT_TRUE(index_->insert(hash_of(value), value));
      }
    }
    ASSERT_TRUE(index_->insert(hash, kLooked));
    // Not freed, because the reader is active.
    EXPECT_EQ(quiescence_.collect(0), 0U);
  };
  const std::uint32_t found = index_->find(
      hash, [](std::uint32_t value) { return value == kLooked; }, hold);
  EXPECT_EQ(found, kLooked);
  EXPECT_EQ(holds, 2);
}

TEST_F(IndexTest, AReaderHeldWhileTheIndexGrowsFindsWhatWasThereInTheOldArray) {
  constexpr std::uint32_t kLooked = 777'777;
  const std::uint64_t hash = hash_of(kLooked);
  ASSERT_TRUE(index_->insert(hash, kLooked));
  quiescence_.activate(1);
  int holds = 0;
  const auto hold = [&] {
    ++holds;
    for (std::uint32_t value = 1; value < 50'000; ++value) ASSERT_TRUE(insert(value));
  };
  EXPECT_EQ(index_->find(
                hash, [](std::uint32_t value) { return value == kLooked; }, hold),
            kLooked);
  EXPECT_EQ(holds, 1);
}

TEST_F(IndexTest, AMissInAnArrayThatIsStillInPlaceIsAMissAtOnce) {
  int holds = 0;
  EXPECT_EQ(index_->find(
                hash_of(5), [](std::uint32_t) { return true; }, [&holds] { ++holds; }),
            Index::kNone);
  EXPECT_EQ(holds, 1);
}

// What was inserted before a reader was told of it is found, whatever the owner does in the meantime.
TEST_F(IndexTest, WhileOneCoreGrowsAndShrinksItTheOthersMissNothing) {
  constexpr std::uint32_t kStable = 2'000;
  for (std::uint32_t value = 1; value <= kStable; ++value) ASSERT_TRUE(insert(value));
  std::atomic<std::uint32_t> told{kStable};
  std::atomic<bool> ended{false};
  std::atomic<std::uint64_t> missed{0};
  std::vector<std::thread> readers;
  for (runtime::CoreId core = 1; core <= 2; ++core) {
    readers.emplace_back([&, core] {
      std::mt19937 random(core);
      while (!ended.load(std::memory_order_acquire)) {
        quiescence_.activate(core);
        const std::uint32_t newest = told.load(std::memory_order_acquire);
        if (!holds(newest)) missed.fetch_add(1);
        for (int i = 0; i < 20; ++i) {
          if (!holds(static_cast<std::uint32_t>(1 + random() % kStable))) missed.fetch_add(1);
        }
      }
      quiescence_.rest(core);
    });
  }
  std::uint32_t next = kStable + 1;
  for (int wave = 0; wave < 6; ++wave) {
    const std::uint32_t first = next;
    for (int i = 0; i < 30'000; ++i) {
      quiescence_.collect(0);
      if (!index_->insert(hash_of(next), next)) {
        std::this_thread::yield();
        continue;
      }
      told.store(next++, std::memory_order_release);
    }
    told.store(1, std::memory_order_release);
    // A reader may still hold the number that it was told before, so it is erased only when none can.
    const auto nothing = [](void*, void*, std::size_t) noexcept {};
    quiescence_.collect(0);
    while (!quiescence_.has_room(0, 1)) quiescence_.collect(0);
    quiescence_.retire(0, nothing, nullptr, nullptr, 0);
    while (quiescence_.retired(0) > 0) {
      quiescence_.collect(0);
      std::this_thread::yield();
    }
    for (std::uint32_t value = first; value < next; ++value) erase(value);
  }
  ended.store(true, std::memory_order_release);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(missed.load(), 0U);
}

TEST(IndexSegments, AreAboutAsManyWhateverTheNumberOfShards) {
  EXPECT_EQ(Index::segments_for(1), 512U);
  EXPECT_EQ(Index::segments_for(2), 512U);
  EXPECT_EQ(Index::segments_for(8), 128U);
  EXPECT_EQ(Index::segments_for(64), 16U);
  EXPECT_EQ(Index::segments_for(1000), 16U);
}

}  // namespace
}  // namespace latchkey::token
