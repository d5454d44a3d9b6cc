#include "latchkey/runtime/page_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

namespace latchkey::runtime {
namespace {

constexpr std::size_t kPage = PageHeap::kPageBytes;
constexpr std::size_t kChunk = PageHeap::kChunkBytes;

class PageHeapTest : public ::testing::TestWithParam<PageSource::Mode> {
 protected:
  PageSource source_{1, GetParam()};
  PageClient& client_ = source_.client(0);
  std::unique_ptr<PageHeap> heap_ = PageHeap::create(client_, 64 * kChunk).value();
};

TEST_P(PageHeapTest, ABlockIsRoundedUpToPagesAndBeginsAtOne) {
  const PageBlock block = heap_->take(3 * kPage + 1);
  ASSERT_NE(block.data, nullptr);
  EXPECT_EQ(block.bytes, 4 * kPage);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.data) % kPage, 0U);
  EXPECT_EQ(heap_->used_bytes(), 4 * kPage);
  heap_->give_back(block);
  EXPECT_EQ(heap_->used_bytes(), 0U);
}

TEST_P(PageHeapTest, ABlockMayBeLargerThanAChunk) {
  const PageBlock block = heap_->take(5 * kChunk / 2);
  ASSERT_NE(block.data, nullptr);
  std::fill(block.data, block.data + block.bytes, std::byte{1});
  EXPECT_GE(heap_->bytes(), 3 * kChunk);
  heap_->give_back(block);
}

TEST_P(PageHeapTest, WhatCameBackIsCutAgainFromTheFront) {
  std::vector<PageBlock> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(heap_->take(kPage));
  heap_->give_back(blocks[2]);
  heap_->give_back(blocks[0]);
  heap_->give_back(blocks[1]);
  // The three blocks have become one.
  const PageBlock whole = heap_->take(3 * kPage);
  EXPECT_EQ(whole.data, blocks[0].data);
  EXPECT_EQ(heap_->take(kPage).data, blocks[3].data + kPage);
}

TEST_P(PageHeapTest, NoTwoBlocksEverShareAByteThroughARandomLife) {
  std::mt19937_64 random(3);
  std::map<std::byte*, PageBlock> blocks;
  std::size_t used = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (step % 64 == 0) client_.settle();  // lets the helper work
    const bool takes = blocks.empty() || random() % 100 < (step / 4000 % 2 == 0 ? 55 : 45);
    if (takes) {
      const PageBlock block = heap_->take((1 + random() % 40) * kPage);
      if (block.data == nullptr) continue;
      const auto next = blocks.lower_bound(block.data);
      if (next != blocks.end()) {
        ASSERT_LE(block.data + block.bytes, next->first);
      }
      if (next != blocks.begin()) {
        const PageBlock& before = std::prev(next)->second;
        ASSERT_LE(before.data + before.bytes, block.data);
      }
      block.data[0] = block.data[block.bytes - 1] = std::byte{0x5A};  // the memory is there
      blocks[block.data] = block;
      used += block.bytes;
    } else {
      const auto any = std::next(blocks.begin(), static_cast<std::ptrdiff_t>(random() % blocks.size()));
      used -= any->second.bytes;
      heap_->give_back(any->second);
      blocks.erase(any);
    }
    ASSERT_EQ(heap_->used_bytes(), used);
    ASSERT_GE(heap_->bytes(), used);
  }
  for (const auto& [data, block] : blocks) heap_->give_back(block);
  EXPECT_EQ(heap_->used_bytes(), 0U);
}

TEST_P(PageHeapTest, MemoryAtItsEndGoesBack) {
  std::vector<PageBlock> blocks;
  for (int i = 0; i < 20; ++i) blocks.push_back(heap_->take(kChunk));
  EXPECT_GE(heap_->bytes(), 20 * kChunk);
  const PageBlock first = blocks.front();
  blocks.erase(blocks.begin());
  client_.settle();
  for (const PageBlock& block : blocks) heap_->give_back(block);
  client_.settle();
  EXPECT_LE(heap_->bytes(), 4 * kChunk);
  // And the memory is there again when it is needed.
  client_.settle();
  for (PageBlock& block : blocks) {
    block = heap_->take(kChunk);
    ASSERT_NE(block.data, nullptr);
    block.data[kChunk - 1] = std::byte{1};
  }
  heap_->give_back(first);
}

TEST_P(PageHeapTest, PastItsRoomItRefusesAndLosesNothing) {
  std::vector<PageBlock> blocks;
  while (true) {
    const PageBlock block = heap_->take(kChunk / 4);
    if (block.data == nullptr) break;
    blocks.push_back(block);
  }
  EXPECT_GE(blocks.size(), 64U * 4);
  heap_->give_back(blocks[7]);
  EXPECT_EQ(heap_->take(kChunk / 2).data, nullptr);
  EXPECT_EQ(heap_->take(kChunk / 4).data, blocks[7].data);
}

TEST(PageHeap, NextChunkIsMadeReadyAheadOfNeed) {
  PageSource source(1, PageSource::Mode::kThread);
  PageClient& client = source.client(0);
  const auto heap = PageHeap::create(client, 64 * kChunk).value();
  static_cast<void>(heap->take(kPage));
  const std::uint64_t done_here = client.done_here();
  for (int i = 0; i < 4000; ++i) {
    ASSERT_NE(heap->take(4 * kPage).data, nullptr);
    client.settle();
  }
  EXPECT_EQ(client.done_here(), done_here);
}

INSTANTIATE_TEST_SUITE_P(Modes, PageHeapTest,
                         ::testing::Values(PageSource::Mode::kInPlace, PageSource::Mode::kThread),
                         [](const auto& mode) {
                           return mode.param == PageSource::Mode::kThread ? "Thread" : "InPlace";
                         });

}  // namespace
}  // namespace latchkey::runtime
