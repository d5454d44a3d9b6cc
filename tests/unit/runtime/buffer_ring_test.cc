#include "latchkey/runtime/buffer_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "support/loop_rig.h"
#include "support/peer.h"

namespace latchkey::runtime {
namespace {

constexpr unsigned kEntries = 4;
constexpr std::size_t kBufferBytes = 64;

std::uint32_t flags_of(std::uint16_t id) {
  return IORING_CQE_F_BUFFER | (std::uint32_t{id} << IORING_CQE_BUFFER_SHIFT);
}

class NamedWaiter final : public BufferWaiter {
 public:
  NamedWaiter(char name, std::string& told) : name_(name), told_(told) {}
  bool buffer_is_back() noexcept override {
    told_.push_back(name_);
    return takes_it;
  }
  bool takes_it = true;

 private:
  char name_;
  std::string& told_;
};

class BufferRingTest : public ::testing::Test {
 protected:
  BufferRingTest() {
    auto buffers = BufferRing::create(*ring_, kEntries, kBufferBytes);
    LATCHKEY_ASSERT(buffers.has_value());
    buffers_ = std::move(*buffers);
  }

  /// Acts as if the kernel had filled buffer `id`.
  Chunk take(std::uint16_t id, std::string_view text = "") {
    Chunk chunk = buffers_->take(flags_of(id), kBufferBytes);
    std::copy(text.begin(), text.end(), chunk.bytes().begin());
    chunk.release_unwiped();
    chunk = buffers_->take(flags_of(id), text.size());
    return chunk;
  }

  std::vector<Chunk> take_all() {
    std::vector<Chunk> all;
    for (std::uint16_t id = 0; id < kEntries; ++id) all.push_back(take(id));
    return all;
  }

  std::unique_ptr<Ring> ring_ = test::make_ring();
  std::unique_ptr<BufferRing> buffers_;
  std::string told_;
  NamedWaiter a_{'a', told_};
  NamedWaiter b_{'b', told_};
  NamedWaiter c_{'c', told_};
};

std::string text_of(const Chunk& chunk) { return {chunk.bytes().data(), chunk.bytes().size()}; }

TEST_F(BufferRingTest, AChunkMovesWithItsBytesAndIsGivenBackOnce) {
  Chunk one = take(2, "bytes");
  Chunk two = std::move(one);
  EXPECT_TRUE(one.bytes().empty());  // NOLINT(bugprone-use-after-move): a moved chunk is an empty one
  EXPECT_EQ(text_of(two), "bytes");
  one = std::move(two);
  EXPECT_EQ(text_of(one), "bytes");
  one.release();
  one.release();
  EXPECT_TRUE(one.bytes().empty());
  EXPECT_TRUE(buffers_->has_buffer());
}

TEST_F(BufferRingTest, ABufferIsWipedBeforeItGoesBackUnlessItHoldsNoSecret) {
  const auto held = [this] { return std::string(buffers_->peek(flags_of(2), 5)); };
  {
    const Chunk received = take(2, "bytes");
    EXPECT_EQ(held(), "bytes");
  }
  EXPECT_EQ(held(), std::string(5, '\0'));
  Chunk replaced = take(2, "bytes");
  replaced = take(3);
  EXPECT_EQ(held(), std::string(5, '\0'));
  {
    ChunkQueue queue(*buffers_);
    queue.push(take(2, "bytes"));
  }
  EXPECT_EQ(held(), std::string(5, '\0'));
  Chunk plain = take(2, "bytes");
  plain.release_unwiped();
  EXPECT_EQ(held(), "bytes");
}

TEST_F(BufferRingTest, WhenAllAreOnLoanThereIsNone) {
  std::vector<Chunk> all = take_all();
  EXPECT_FALSE(buffers_->has_buffer());
  all.pop_back();
  EXPECT_TRUE(buffers_->has_buffer());
}

TEST_F(BufferRingTest, WaitersAreToldInTheirOrderOneABuffer) {
  std::vector<Chunk> all = take_all();
  for (NamedWaiter* waiter : {&a_, &b_, &c_}) buffers_->wait_for_buffer(*waiter);
  EXPECT_EQ(told_, "");
  all.pop_back();
  EXPECT_EQ(told_, "a");
  all.pop_back();
  all.pop_back();
  EXPECT_EQ(told_, "abc");
  all.pop_back();
  EXPECT_EQ(told_, "abc");
}

TEST_F(BufferRingTest, AWaiterMayLeaveTheLineAnywhere) {
  for (NamedWaiter* leaver : {&a_, &b_, &c_}) {
    told_.clear();
    std::vector<Chunk> all = take_all();
    for (NamedWaiter* waiter : {&a_, &b_, &c_}) buffers_->wait_for_buffer(*waiter);
    buffers_->stop_waiting(*leaver);
    buffers_->stop_waiting(*leaver);
    buffers_->wait_for_buffer(*leaver);
    buffers_->stop_waiting(*leaver);
    all.clear();
    EXPECT_EQ(told_, leaver == &a_ ? "bc" : leaver == &b_ ? "ac" : "ab");
  }
}

TEST_F(BufferRingTest, AWaiterThatNeedsNoneLetsTheNextHaveIt) {
  std::vector<Chunk> all = take_all();
  for (NamedWaiter* waiter : {&a_, &b_, &c_}) buffers_->wait_for_buffer(*waiter);
  a_.takes_it = false;
  all.pop_back();
  EXPECT_EQ(told_, "ab");
  all.pop_back();
  EXPECT_EQ(told_, "abc");
}

TEST_F(BufferRingTest, ABufferThatWasNotTakenAfterAllIsPassedOn) {
  std::vector<Chunk> all = take_all();
  buffers_->wait_for_buffer(a_);
  buffers_->wait_for_buffer(b_);
  buffers_->pass_on();
  EXPECT_EQ(told_, "");
  all.pop_back();
  EXPECT_EQ(told_, "a");
  buffers_->pass_on();
  EXPECT_EQ(told_, "ab");
}

TEST_F(BufferRingTest, AQueueGivesChunksBackInTheirOrder) {
  ChunkQueue queue(*buffers_);
  ChunkQueue other(*buffers_);
  EXPECT_EQ(queue.size(), 0U);
  for (int round = 0; round < 3; ++round) {
    queue.push(take(3, "one"));
    other.push(take(1, "other"));
    queue.push(take(0, "two"));
    queue.push(take(2, "three"));
    EXPECT_EQ(queue.size(), 3U);
    EXPECT_FALSE(buffers_->has_buffer());
    EXPECT_EQ(text_of(queue.pop()), "one");
    queue.push(take(3, "four"));
    EXPECT_EQ(text_of(queue.pop()), "two");
    EXPECT_EQ(text_of(other.pop()), "other");
    EXPECT_EQ(text_of(queue.pop()), "three");
    EXPECT_EQ(text_of(queue.pop()), "four");
    EXPECT_EQ(queue.size(), 0U);
  }
}

TEST_F(BufferRingTest, AQueueThatGoesGivesItsBuffersBack) {
  {
    ChunkQueue queue(*buffers_);
    for (std::uint16_t id = 0; id < kEntries; ++id) queue.push(take(id));
    EXPECT_FALSE(buffers_->has_buffer());
    buffers_->wait_for_buffer(a_);
  }
  EXPECT_TRUE(buffers_->has_buffer());
  EXPECT_EQ(told_, "a");
}

class Receive final : public Operation {
 public:
  explicit Receive(BufferRing& buffers) : buffers_(buffers) {}
  void start(Ring& ring, int fd) {
    ended = false;
    ring.start(this, [fd](io_uring_sqe& entry) {
      io_uring_prep_recv_multishot(&entry, fd, nullptr, 0, 0);
      entry.flags |= IOSQE_BUFFER_SELECT;
      entry.buf_group = BufferRing::kGroup;
    });
  }
  void complete(std::int32_t result, std::uint32_t flags) noexcept override {
    if ((flags & IORING_CQE_F_MORE) == 0) ended = true;
    last_result = result;
    const std::string_view peeked = buffers_.peek(flags, result);
    if (result <= 0) {
      EXPECT_EQ(peeked, "");
      return;
    }
    chunks.push_back(buffers_.take(flags, static_cast<std::size_t>(result)));
    EXPECT_EQ(peeked, text_of(chunks.back()));
  }
  bool ended = false;
  std::int32_t last_result = 0;
  std::vector<Chunk> chunks;

 private:
  BufferRing& buffers_;
};

TEST_F(BufferRingTest, TheKernelFillsWhatItWasGivenAndSaysWhenItHasNoMore) {
  ASSERT_TRUE(ring_->enable().has_value());
  auto [fd, peer] = test::unix_pair();
  Receive receive(*buffers_);
  std::string expected;
  for (std::size_t i = 0; i < kBufferBytes * (kEntries + 1); ++i)
    expected.push_back(static_cast<char>('a' + i % 26));
  peer.send(expected);
  std::string got;
  // More rounds than buffers, so that each comes back more than once.
  for (int round = 0; round < 10 && got.size() < expected.size(); ++round) {
    receive.start(*ring_, fd);
    while (!receive.ended && got.size() + receive.chunks.size() * kBufferBytes < expected.size()) {
      ring_->wait(-1);
      ring_->run_completions();
    }
    if (round == 0) {
      EXPECT_EQ(receive.last_result, -ENOBUFS);
      EXPECT_EQ(receive.chunks.size(), kEntries);
      EXPECT_FALSE(buffers_->has_buffer());
    }
    for (const Chunk& chunk : receive.chunks) got += text_of(chunk);
    receive.chunks.clear();
  }
  EXPECT_EQ(got, expected);
  peer.close();
  while (!receive.ended) {
    ring_->wait(-1);
    ring_->run_completions();
  }
  ::close(fd);
}

}  // namespace
}  // namespace latchkey::runtime
