// More streams than receive buffers: a stream that gets none waits in line, but never for ever.
#include <gtest/gtest.h>

#include <string>

#include "stream_rig.h"

namespace latchkey::net {
namespace {

/// Tests with two buffers of 64 bytes for all streams of the core.
class StarvedStreamTest : public StreamTest {
 protected:
  StarvedStreamTest() : StreamTest(LoopRig::Settings{2, 64, 1024}) {}

  /// Makes a stream that holds both buffers.
  Line& make_hog() {
    Line& hog = make_line();
    hold_ = true;
    rig_.spawn(receive_all(hog, hold_));
    hog.peer.send(pattern(200));
    EXPECT_TRUE(rig_.until([&hog] { return hog.chunks.size() == 2; }));
    rig_.settle();
    EXPECT_FALSE(rig_.buffers().has_buffer());
    return hog;
  }
  const bool release_at_once_ = false;
};
INSTANTIATE_TEST_SUITE_P(Sockets, StarvedStreamTest, ::testing::Bool(), kind);

TEST_P(StarvedStreamTest, AReceiveWithoutABufferWaitsUntilOneComesBack) {
  Line& hog = make_hog();
  EXPECT_EQ(hog.text.size(), 128U);
  hog.chunks.erase(hog.chunks.begin());
  ASSERT_TRUE(rig_.until([&hog] { return hog.text.size() == 192; }));
  hog.chunks.clear();
  ASSERT_TRUE(rig_.until([&hog] { return hog.text.size() == 200; }));
  EXPECT_EQ(hog.text, pattern(200));
}

TEST_P(StarvedStreamTest, ManyStreamsOverTwoBuffersAllGetTheirBytes) {
  constexpr std::size_t kStreams = 12;
  const std::string sent = pattern(1000);
  for (std::size_t i = 0; i < kStreams; ++i) make_line();
  for (const auto& line : lines_) {
    rig_.spawn(receive_all(*line, release_at_once_));
    line->peer.send(sent);
  }
  EXPECT_TRUE(rig_.until([this, &sent] {
    return std::all_of(lines_.begin(), lines_.end(),
                       [&](const auto& line) { return line->text.size() == sent.size(); });
  }));
  for (const auto& line : lines_) EXPECT_EQ(line->text, sent);
}

TEST_P(StarvedStreamTest, AStarvedReceiveTimesOut) {
  Line& hog = make_hog();
  Line& starved = make_line();
  starved.stream->set_deadline(BootTime{rig_.loop().now().ms + 1000});
  starved.peer.send("hungry");
  rig_.spawn(receive_once(starved));
  rig_.settle();
  rig_.advance_ms(1600);
  EXPECT_EQ(starved.receive_end, StreamEnd::kTimedOut);
  // The buffer that comes back is not lost on the stream that has given up.
  hog.chunks.clear();
  EXPECT_TRUE(rig_.until([&hog] { return hog.text.size() == 200; }));
}

TEST_P(StarvedStreamTest, AStarvedReceiveCanBeAborted) {
  make_hog();
  Line& starved = make_line();
  starved.peer.send("hungry");
  rig_.spawn(receive_once(starved));
  rig_.settle();
  starved.stream->abort();
  rig_.settle();
  EXPECT_EQ(starved.receive_end, StreamEnd::kBroken);
}

// While its owner is busy, a stream runs out of buffers. It must not take another stream's place in the line.
TEST_P(StarvedStreamTest, AStreamThatNobodyListensToDoesNotKeepABufferFromOneThatIsWaitedFor) {
  Line& busy = make_line();
  busy.peer.send("1");
  rig_.spawn(receive_once(busy));
  ASSERT_TRUE(rig_.until([&busy] { return busy.receive_end.has_value(); }));
  Line& hog = make_hog();
  busy.peer.send("2");
  rig_.settle();
  Line& waiting = make_line();
  waiting.peer.send("hungry");
  rig_.spawn(receive_once(waiting));
  rig_.settle();
  EXPECT_FALSE(waiting.receive_end.has_value());
  // One buffer comes back, the other never does. The hog itself asks for no more.
  hog.peer.received();
  hog.stream->abort();
  rig_.settle();
  hog.chunks.erase(hog.chunks.begin());
  EXPECT_TRUE(rig_.until([&waiting] { return waiting.receive_end.has_value(); }));
  EXPECT_EQ(waiting.text, "hungry");
}

TEST_P(StarvedStreamTest, AnIdleStreamTakesNoBufferFromOneThatHasSomethingToReceive) {
  Line& hog = make_hog();
  Line& idle = make_line();
  rig_.spawn(receive_once(idle));
  rig_.settle();
  Line& hungry = make_line();
  hungry.peer.send("hungry");
  rig_.spawn(receive_once(hungry));
  rig_.settle();
  EXPECT_FALSE(hungry.receive_end.has_value());
  hog.stream->abort();
  hog.chunks.erase(hog.chunks.begin());
  EXPECT_TRUE(rig_.until([&hungry] { return hungry.receive_end.has_value(); }));
  EXPECT_FALSE(idle.receive_end.has_value());
  idle.peer.send("later");
  EXPECT_TRUE(rig_.until([&idle] { return idle.text == "later"; }));
}

// A stream asks for a buffer to learn that its peer has left, but does not keep it. The next in line must be
// woken.
TEST_P(StarvedStreamTest, AStreamThatEndsWithoutTakingItsBufferPassesItOn) {
  Line& hog = make_hog();
  Line& gone = make_line();
  gone.peer.end_sending();
  rig_.spawn(receive_once(gone));
  rig_.settle();
  Line& hungry = make_line();
  hungry.peer.send("hungry");
  rig_.spawn(receive_once(hungry));
  rig_.settle();
  EXPECT_FALSE(gone.receive_end.has_value());
  hog.stream->abort();
  hog.chunks.erase(hog.chunks.begin());
  EXPECT_TRUE(rig_.until([&] { return gone.receive_end.has_value() && hungry.receive_end.has_value(); }));
  EXPECT_EQ(gone.receive_end, StreamEnd::kClosed);
  EXPECT_EQ(hungry.text, "hungry");
}

// The kernel reports ENOBUFS for one stream in the same batch in which another gives all buffers back.
TEST_P(StarvedStreamTest, ABufferThatCameBackBeforeTheRefusalWasReadIsUsed) {
  Line& first = make_line();
  Line& second = make_line();
  rig_.spawn(receive_all(first, release_at_once_));
  rig_.spawn(receive_all(second, release_at_once_));
  rig_.settle();
  first.peer.send(pattern(128));
  second.peer.send("mine");
  EXPECT_TRUE(rig_.until([&] { return first.text.size() == 128 && second.text == "mine"; }));
}

}  // namespace
}  // namespace latchkey::net
