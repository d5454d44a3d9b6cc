#include "http/input.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "support/loop_rig.h"

namespace latchkey::http {
namespace {

constexpr unsigned kBuffers = 2;

class InputTest : public ::testing::Test {
 protected:
  InputTest() {
    auto buffers = runtime::BufferRing::create(*ring_, kBuffers, 64);
    LATCHKEY_ASSERT(buffers.has_value());
    buffers_ = std::move(*buffers);
  }

  /// What the kernel would have received into buffer `id`.
  runtime::Chunk chunk(std::string_view text, std::uint16_t id = 0) {
    const std::uint32_t flags = IORING_CQE_F_BUFFER | (std::uint32_t{id} << IORING_CQE_BUFFER_SHIFT);
    runtime::Chunk received = buffers_->take(flags, text.size());
    std::copy(text.begin(), text.end(), received.bytes().begin());
    return received;
  }

  /// Whether no buffer is on loan.
  bool all_are_back() {
    // One buffer is taken here. The other is left only if nobody else holds it.
    const runtime::Chunk other = chunk("", 1);
    return buffers_->has_buffer();
  }

  std::unique_ptr<runtime::Ring> ring_ = test::make_ring();
  std::unique_ptr<runtime::BufferRing> buffers_;
  Input input_;
};

TEST_F(InputTest, RequestsAreReadWhereTheyWereReceived) {
  runtime::Chunk received = chunk("onetwo");
  const char* const where = received.bytes().data();
  input_.add(std::move(received));
  EXPECT_EQ(input_.unread(), "onetwo");
  EXPECT_EQ(input_.unread().data(), where);
  input_.consume(3);
  EXPECT_EQ(input_.unread(), "two");
  EXPECT_EQ(input_.unread().data(), where + 3);
  EXPECT_FALSE(all_are_back());
  input_.consume(3);
  EXPECT_EQ(input_.unread(), "");
  EXPECT_TRUE(all_are_back());
}

TEST_F(InputTest, ARequestThatSpansBuffersIsMovedAndItsBuffersGoBack) {
  input_.add(chunk("first half, "));
  input_.consume(6);
  input_.add(chunk("second half", 1));
  EXPECT_EQ(input_.unread(), "half, second half");
  EXPECT_TRUE(all_are_back());
  input_.consume(6);
  input_.add(chunk("; the rest"));
  EXPECT_EQ(input_.unread(), "second half; the rest");
  input_.consume(21);
  EXPECT_EQ(input_.unread(), "");
  input_.add(chunk("next"));
  EXPECT_EQ(input_.unread(), "next");
}

TEST_F(InputTest, DetachGivesTheBufferBackAndKeepsTheBytes) {
  input_.add(chunk("head body"));
  input_.consume(5);
  input_.detach();
  EXPECT_TRUE(all_are_back());
  EXPECT_EQ(input_.unread(), "body");
  input_.detach();
  EXPECT_EQ(input_.unread(), "body");
  input_.consume(1);
  input_.detach();
  EXPECT_EQ(input_.unread(), "ody");
}

TEST_F(InputTest, WhatIsUsedIsWipedUnlessItHoldsNoSecret) {
  runtime::Chunk received = chunk("login check");
  const char* const where = received.bytes().data();
  const auto held = [where] { return std::string(where, 11); };
  input_.add(std::move(received));
  input_.consume(6);
  EXPECT_EQ(held(), std::string(6, '\0') + "check");
  input_.consume_unwiped(5);
  EXPECT_TRUE(all_are_back());
  EXPECT_EQ(held(), std::string(6, '\0') + "check");

  input_.add(chunk("half a head"));
  input_.detach();
  EXPECT_EQ(held(), std::string(11, '\0'));
  input_.add(chunk(" and more"));
  EXPECT_EQ(held(), std::string(11, '\0'));
  EXPECT_EQ(input_.unread(), "half a head and more");
  input_.discard();
  EXPECT_EQ(input_.unread(), "");

  {
    Input of_a_client_that_goes;
    of_a_client_that_goes.add(chunk("login"));
  }
  EXPECT_EQ(held(), std::string(11, '\0'));
}

TEST_F(InputTest, DetachOfNothingIsNothing) {
  input_.detach();
  EXPECT_EQ(input_.unread(), "");
  input_.add(chunk("x"));
  input_.consume(1);
  input_.detach();
  EXPECT_EQ(input_.unread(), "");
}

TEST_F(InputTest, ADecoderMayWriteOverWhatItReads) {
  input_.add(chunk("abcdef"));
  input_.consume(1);
  std::span<char> bytes = input_.unread_in_place();
  ASSERT_EQ(bytes.size(), 5U);
  std::fill(bytes.begin(), bytes.begin() + 2, 'X');
  EXPECT_EQ(input_.unread(), "XXdef");
  input_.detach();
  input_.unread_in_place()[2] = 'Y';
  EXPECT_EQ(input_.unread(), "XXYef");
}

}  // namespace
}  // namespace latchkey::http
