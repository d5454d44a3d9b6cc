#include "latchkey/runtime/page_source.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "latchkey/base/sanitized.h"

namespace latchkey::runtime {
namespace {

constexpr std::size_t kPage = 4096;

std::size_t resident_pages(const std::byte* data, std::size_t bytes) {
  std::vector<unsigned char> resident(bytes / kPage);
  // mincore takes a pointer to non-const, but writes nothing through it.
  EXPECT_EQ(mincore(const_cast<std::byte*>(data), bytes, resident.data()), 0);
  return static_cast<std::size_t>(
      std::count_if(resident.begin(), resident.end(), [](unsigned char page) { return (page & 1) != 0; }));
}

void expect_zeros_and_write(PageBlock block) {
  ASSERT_NE(block.data, nullptr);
  EXPECT_TRUE(
      std::all_of(block.data, block.data + block.bytes, [](std::byte byte) { return byte == std::byte{0}; }));
  std::fill(block.data, block.data + block.bytes, std::byte{0xA5});
}

class PageSourceTest : public ::testing::TestWithParam<PageSource::Mode> {
 protected:
  bool threaded() const { return GetParam() == PageSource::Mode::kThread; }

  PageSource source_{2, GetParam()};
  PageClient& client_ = source_.client(0);
};

TEST_P(PageSourceTest, AChunkGoesFromEmptyToReadyAndBackAndReadsAsZerosAgain) {
  constexpr std::size_t kChunkBytes = 16 * kPage;
  const std::unique_ptr<ReservedRange> range = ReservedRange::reserve(client_, kChunkBytes, 8).value();
  EXPECT_EQ(range->state(3), ReservedRange::Chunk::kEmpty);
  std::byte* const data = range->base() + 3 * kChunkBytes;
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(range->make_ready(3));
    EXPECT_EQ(range->ready_bytes(), kChunkBytes);
    EXPECT_EQ(resident_pages(data, kChunkBytes), 16U);
    expect_zeros_and_write({data, kChunkBytes});
    ASSERT_TRUE(range->release(3));
    EXPECT_EQ(range->ready_bytes(), 0U);
    client_.settle();
    EXPECT_EQ(range->state(3), ReservedRange::Chunk::kEmpty);
    EXPECT_EQ(resident_pages(data, kChunkBytes), 0U);
  }
}

TEST_P(PageSourceTest, AnOrderedChunkIsMadeReadyAheadOfNeed) {
  const std::unique_ptr<ReservedRange> range = ReservedRange::reserve(client_, 16 * kPage, 8).value();
  range->order(0);
  client_.settle();
  EXPECT_EQ(range->state(0), threaded() ? ReservedRange::Chunk::kReady : ReservedRange::Chunk::kEmpty);
  ASSERT_TRUE(range->make_ready(0));
  EXPECT_EQ(client_.done_here(), threaded() ? 0U : 1U);
}

TEST_P(PageSourceTest, AChunkOrderedAndNeededAtOnceIsTheCallersWhateverTheHelperAnswersLater) {
  constexpr std::size_t kChunkBytes = 16 * kPage;
  const std::unique_ptr<ReservedRange> range = ReservedRange::reserve(client_, kChunkBytes, 64).value();
  for (std::size_t chunk = 0; chunk < 64; ++chunk) {
    range->order(chunk);
    ASSERT_TRUE(range->make_ready(chunk));
    std::byte* const data = range->base() + chunk * kChunkBytes;
    std::fill(data, data + kChunkBytes, std::byte{1});
  }
  client_.settle();
  EXPECT_EQ(range->ready_bytes(), 64 * kChunkBytes);
  EXPECT_TRUE(std::all_of(range->base(), range->base() + 64 * kChunkBytes,
                          [](std::byte byte) { return byte == std::byte{1}; }));
}

INSTANTIATE_TEST_SUITE_P(Modes, PageSourceTest,
                         ::testing::Values(PageSource::Mode::kInPlace, PageSource::Mode::kThread),
                         [](const auto& mode) {
                           return mode.param == PageSource::Mode::kThread ? "Thread" : "InPlace";
                         });

TEST(PageSourceFaults, TouchingWhatWasOrderedFaultsNothingOnTheClientsThread) {
  if (kThreadSanitized) GTEST_SKIP() << "ThreadSanitizer's shadow faults with every page";
  PageSource source(1, PageSource::Mode::kThread);
  constexpr std::size_t kBytes = 256 * kPage;
  const std::unique_ptr<ReservedRange> range = ReservedRange::reserve(source.client(0), kBytes, 1).value();
  range->order(0);
  source.client(0).settle();
  rusage before{};
  getrusage(RUSAGE_THREAD, &before);
  ASSERT_TRUE(range->make_ready(0));
  for (std::size_t at = 0; at < kBytes; at += kPage) range->base()[at] = std::byte{1};
  rusage after{};
  getrusage(RUSAGE_THREAD, &after);
  // Not zero, because the test's own stack may fault. Each of the 256 pages would fault.
  EXPECT_LT(after.ru_minflt - before.ru_minflt, 64);
}

TEST(PageSourceRefusal, ARangeThatTheKernelRefusesIsAnErrorThatSaysHowMuch) {
  PageSource source(1, PageSource::Mode::kInPlace);
  const auto range = ReservedRange::reserve(source.client(0), std::size_t{1} << 40, 1024);
  ASSERT_FALSE(range.has_value());
  EXPECT_EQ(range.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(range.error().text.find("1073741824 MiB"), std::string::npos) << range.error().text;
}

}  // namespace
}  // namespace latchkey::runtime
