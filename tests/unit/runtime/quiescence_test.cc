#include "latchkey/runtime/quiescence.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace latchkey::runtime {
namespace {

struct Thing {
  std::array<std::uint64_t, 4> words;
};

void delete_thing(void* freed, void* object, std::size_t) noexcept {
  delete static_cast<Thing*>(object);
  ++*static_cast<int*>(freed);
}

class QuiescenceTest : public ::testing::Test {
 protected:
  static constexpr CoreId kOwner = 0;
  static constexpr CoreId kReader = 1;

  void retire_one() { quiescence_.retire(kOwner, delete_thing, &freed_, new Thing{}, sizeof(Thing)); }

  int freed_ = 0;
  Quiescence quiescence_{3};
};

TEST_F(QuiescenceTest, WhenAllCoresRestWhatWasRetiredIsFreedAtOnce) {
  retire_one();
  EXPECT_EQ(quiescence_.retired(kOwner), 1U);
  EXPECT_EQ(quiescence_.retired_bytes(kOwner), sizeof(Thing));
  EXPECT_EQ(quiescence_.collect(kOwner), 1U);
  EXPECT_EQ(freed_, 1);
  EXPECT_EQ(quiescence_.retired_bytes(kOwner), 0U);
}

TEST_F(QuiescenceTest, ACoreThatWasActiveBeforeHoldsTheFreeingUntilItIsActiveAgain) {
  quiescence_.activate(kReader);
  retire_one();
  EXPECT_EQ(quiescence_.collect(kOwner), 0U);
  quiescence_.activate(kReader);
  EXPECT_EQ(quiescence_.collect(kOwner), 1U);
}

TEST_F(QuiescenceTest, ACoreThatWasActiveBeforeHoldsTheFreeingUntilItRests) {
  quiescence_.activate(kReader);
  retire_one();
  EXPECT_EQ(quiescence_.collect(kOwner), 0U);
  quiescence_.rest(kReader);
  EXPECT_EQ(quiescence_.collect(kOwner), 1U);
}

TEST_F(QuiescenceTest, ACoreThatBecameActiveAfterwardsHoldsNothing) {
  retire_one();
  quiescence_.activate(kReader);
  EXPECT_EQ(quiescence_.collect(kOwner), 1U);
}

TEST_F(QuiescenceTest, TheOwnersOwnPassCountsToo) {
  quiescence_.activate(kOwner);
  retire_one();
  EXPECT_EQ(quiescence_.collect(kOwner), 0U);
  quiescence_.activate(kOwner);
  EXPECT_EQ(quiescence_.collect(kOwner), 1U);
}

TEST_F(QuiescenceTest, OnlyWhatIsOldEnoughIsFreed) {
  retire_one();
  quiescence_.activate(kReader);
  retire_one();
  EXPECT_EQ(quiescence_.collect(kOwner), 1U);
  EXPECT_EQ(quiescence_.retired(kOwner), 1U);
}

TEST_F(QuiescenceTest, TheRetiredHaveABound) {
  EXPECT_TRUE(quiescence_.has_room(kOwner, Quiescence::kMaxRetired));
  retire_one();
  EXPECT_FALSE(quiescence_.has_room(kOwner, Quiescence::kMaxRetired));
}

TEST(QuiescenceEnd, WhatIsLeftIsFreedWithTheObject) {
  int freed = 0;
  {
    Quiescence quiescence(2);
    quiescence.activate(1);
    quiescence.retire(0, delete_thing, &freed, new Thing{}, 0);
  }
  EXPECT_EQ(freed, 1);
}

TEST_F(QuiescenceTest, ABorrowedReferenceIsGoodForItsPassAlone) {
  const Thing thing{{1, 2, 3, 4}};
  quiescence_.activate(kReader);
  const Borrowed<Thing> borrowed(thing, quiescence_, kReader);
  EXPECT_TRUE(borrowed);
  EXPECT_EQ(borrowed->words[2], 3U);
  quiescence_.activate(kReader);
  EXPECT_DEATH(static_cast<void>(borrowed->words[2]), "taken_in_");
  quiescence_.rest(kReader);
  EXPECT_DEATH(static_cast<void>(*borrowed), "taken_in_");
}

TEST_F(QuiescenceTest, NothingIsBorrowedByACoreAtRest) {
  const Thing thing{};
  EXPECT_DEATH(Borrowed<Thing>(thing, quiescence_, kReader), "taken_in_");
}

// AddressSanitizer notices a reader of a thing that is freed too early. ThreadSanitizer also notices a
// freeing that is not ordered after the reading.
TEST(QuiescenceThreads, ReadersNeverSeeWhatWasFreed) {
  constexpr CoreId kReaders = 3;
  constexpr std::uint64_t kReplacements = 20'000;
  Quiescence quiescence(kReaders + 1);
  std::atomic<Thing*> current{new Thing{{0, 0, 0, 0}}};
  std::atomic<bool> ended{false};
  std::atomic<std::uint64_t> torn{0};
  std::vector<std::thread> readers;
  for (CoreId core = 1; core <= kReaders; ++core) {
    readers.emplace_back([&, core] {
      for (std::uint64_t i = 0; !ended.load(std::memory_order_acquire); ++i) {
        quiescence.activate(core);
        for (int reads = 0; reads < 4; ++reads) {
          const Thing* const thing = current.load(std::memory_order_acquire);
          if (thing->words[0] != thing->words[3]) torn.fetch_add(1);
        }
        if (i % (core + 1) == 0) quiescence.rest(core);
      }
      quiescence.rest(core);
    });
  }
  int freed = 0;
  for (std::uint64_t i = 1; i <= kReplacements; ++i) {
    quiescence.activate(0);
    quiescence.collect(0);
    if (!quiescence.has_room(0, 1)) {
      std::this_thread::yield();
      continue;
    }
    Thing* const old = current.exchange(new Thing{{i, i, i, i}}, std::memory_order_acq_rel);
    quiescence.retire(0, delete_thing, &freed, old, sizeof(Thing));
  }
  ended.store(true, std::memory_order_release);
  for (std::thread& reader : readers) reader.join();
  quiescence.rest(0);
  quiescence.collect(0);
  EXPECT_EQ(quiescence.retired(0), 0U);
  EXPECT_GT(freed, 0);
  EXPECT_EQ(torn.load(), 0U);
  delete current.load();
}

}  // namespace
}  // namespace latchkey::runtime
