#include "latchkey/net/socket_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/loop_rig.h"
#include "support/peer.h"

namespace latchkey::net {
namespace {

using runtime::Task;
using test::LoopRig;
using test::Peer;

constexpr std::int64_t kFarAway = runtime::kNever;

/// A stream and its peer. What comes out of a wait is kept here, for the test to look at.
struct Line {
  Line(LoopRig& rig, std::pair<int, Peer> ends)
      : peer(std::move(ends.second)), stream(std::make_unique<SocketStream>(rig.loop(), rig.buffers(), ends.first)) {}

  Peer peer;
  std::unique_ptr<SocketStream> stream;
  std::vector<runtime::Chunk> chunks;  ///< received and held
  std::string text;
  std::optional<StreamEnd> receive_end;
  std::optional<StreamEnd> send_end;
  bool closed = false;
};

/// Receives until the stream ends; holds the buffers while `hold` says so.
Task<void> receive_all(Line& line, const bool& hold) {
  while (true) {
    Received received = co_await line.stream->receive();
    if (received.end != StreamEnd::kNone) {
      line.receive_end = received.end;
      co_return;
    }
    line.text.append(received.chunk.bytes().data(), received.chunk.bytes().size());
    if (hold) line.chunks.push_back(std::move(received.chunk));
  }
}

Task<void> receive_once(Line& line) {
  const Received received = co_await line.stream->receive();
  line.receive_end = received.end;
  line.text.append(received.chunk.bytes().data(), received.chunk.bytes().size());
}

Task<void> send_all(Line& line, const std::string& bytes) { line.send_end = co_await line.stream->send(bytes); }

Task<void> close_stream(Line& line) {
  auto closing = line.stream->close();
  co_await closing;
  line.stream.reset();
  line.closed = true;
}

/// Tests run over a UNIX pair and over TCP.
class SocketStreamTest : public ::testing::TestWithParam<bool> {
 protected:
  explicit SocketStreamTest(const LoopRig::Settings& settings = {}) : rig_(settings) {}
  /// Ends whatever waits, and closes.
  ~SocketStreamTest() override {
    for (const auto& line : lines_) {
      line->chunks.clear();
      if (line->stream) line->stream->abort();
    }
    EXPECT_TRUE(rig_.until([this] { return rig_.running() == 0; }));
    for (const auto& line : lines_) {
      if (line->stream) rig_.spawn(close_stream(*line));
      EXPECT_TRUE(rig_.until([&line] { return line->peer.fd() < 0 || (line->closed && line->peer.saw_end()); }));
    }
    EXPECT_TRUE(rig_.until([this] { return rig_.running() == 0; }));
  }

  Line& make_line() {
    lines_.push_back(std::make_unique<Line>(rig_, GetParam() ? test::tcp_pair() : test::unix_pair()));
    return *lines_.back();
  }

  LoopRig rig_;
  std::vector<std::unique_ptr<Line>> lines_;
  bool hold_ = false;
};

/// Text whose period is no power of two, so that a buffer at the wrong place shows.
std::string pattern(std::size_t bytes) {
  constexpr std::size_t kPeriodBytes = 10'007;
  std::string text;
  text.reserve(bytes + kPeriodBytes);
  for (std::size_t i = 0; i < std::min(bytes, kPeriodBytes); ++i) {
    text.push_back(static_cast<char>('a' + (i * 7 + i / 100) % 26));
  }
  while (text.size() < bytes) text.append(text, 0, kPeriodBytes);
  text.resize(bytes);
  return text;
}

TEST_P(SocketStreamTest, WhatThePeerSendsComesAndThenItsEnd) {
  Line& line = make_line();
  rig_.spawn(receive_all(line, hold_));
  line.peer.send("one");
  ASSERT_TRUE(rig_.until([&line] { return line.text == "one"; }));
  line.peer.send("two");
  ASSERT_TRUE(rig_.until([&line] { return line.text == "onetwo"; }));
  EXPECT_FALSE(line.receive_end.has_value());
  line.peer.end_sending();
  ASSERT_TRUE(rig_.until([&line] { return line.receive_end.has_value(); }));
  EXPECT_EQ(line.receive_end, StreamEnd::kClosed);
  // The end stays: whoever asks again hears it again.
  line.receive_end.reset();
  rig_.spawn(receive_once(line));
  EXPECT_EQ(line.receive_end, StreamEnd::kClosed);
}

TEST_P(SocketStreamTest, WhatCameBeforeAnybodyAskedIsThere) {
  Line& line = make_line();
  line.peer.send("early");
  line.peer.end_sending();
  rig_.spawn(receive_all(line, hold_));
  ASSERT_TRUE(rig_.until([&line] { return line.receive_end.has_value(); }));
  EXPECT_EQ(line.text, "early");
}

TEST_P(SocketStreamTest, ThePeerMayEndItsSideAndStillBeAnswered) {
  Line& line = make_line();
  line.peer.end_sending();
  rig_.spawn(receive_once(line));
  ASSERT_TRUE(rig_.until([&line] { return line.receive_end.has_value(); }));
  const std::string answer = "answer";
  rig_.spawn(send_all(line, answer));
  ASSERT_TRUE(rig_.until([&line] { return line.send_end.has_value(); }));
  EXPECT_EQ(line.send_end, StreamEnd::kNone);
  EXPECT_EQ(line.peer.received(), "answer");
}

// Far more than the queue, the buffers and the socket hold together, and a receiver that comes late to each pass.
TEST_P(SocketStreamTest, AFastPeerLosesNothing) {
  Line& line = make_line();
  rig_.spawn(receive_all(line, hold_));
  const std::string sent = pattern(std::size_t{2} * 1024 * 1024);
  std::size_t at = 0;
  ASSERT_TRUE(rig_.until([&] {
    at += line.peer.send_some(std::string_view(sent).substr(at));
    return line.text.size() == sent.size();
  }));
  EXPECT_TRUE(line.text == sent);
}

// Nobody receives after the first chunk: the stream must stop taking buffers by itself, and go on when asked.
TEST_P(SocketStreamTest, APeerThatNobodyListensToHoldsFewBuffers) {
  Line& line = make_line();
  const std::string sent = pattern(std::size_t{1024} * 1024);
  std::size_t at = line.peer.send_some(std::string_view(sent).substr(0, 10));
  rig_.spawn(receive_once(line));
  ASSERT_TRUE(rig_.until([&line] { return line.receive_end.has_value(); }));
  for (int i = 0; i < 50; ++i) {
    at += line.peer.send_some(std::string_view(sent).substr(at));
    rig_.settle();
  }
  EXPECT_TRUE(rig_.buffers().has_buffer());
  rig_.spawn(receive_all(line, hold_));
  ASSERT_TRUE(rig_.until([&] {
    at += line.peer.send_some(std::string_view(sent).substr(at));
    return line.text.size() == sent.size();
  }));
  EXPECT_TRUE(line.text == sent);
}

TEST_P(SocketStreamTest, AllOfALongAnswerGoesThroughASmallSocketBuffer) {
  Line& line = make_line();
  const std::string answer = pattern(std::size_t{2} * 1024 * 1024);
  rig_.spawn(send_all(line, answer));
  rig_.settle();
  EXPECT_FALSE(line.send_end.has_value());
  ASSERT_TRUE(rig_.until([&line] {
    line.peer.received();
    return line.send_end.has_value();
  }));
  EXPECT_EQ(line.send_end, StreamEnd::kNone);
  ASSERT_TRUE(rig_.until([&] { return line.peer.received().size() == answer.size(); }));
  EXPECT_TRUE(line.peer.received() == answer);
}

TEST_P(SocketStreamTest, AReceiveThatLastsBeyondItsDeadlineTimesOutAndTheStreamLivesOn) {
  Line& line = make_line();
  line.stream->set_deadline(BootTime{rig_.loop().now().ms + 2000});
  rig_.spawn(receive_once(line));
  rig_.advance_ms(1900);
  EXPECT_FALSE(line.receive_end.has_value());
  for (int i = 0; i < 12; ++i) rig_.advance_ms(50);
  EXPECT_EQ(line.receive_end, StreamEnd::kTimedOut);

  line.receive_end.reset();
  line.stream->set_deadline(BootTime{kFarAway});
  rig_.spawn(receive_once(line));
  line.peer.send("late but welcome");
  ASSERT_TRUE(rig_.until([&line] { return line.receive_end.has_value(); }));
  EXPECT_EQ(line.receive_end, StreamEnd::kNone);
  EXPECT_EQ(line.text, "late but welcome");
}

TEST_P(SocketStreamTest, BytesThatArriveTogetherWithTheDeadlineAreNotLost) {
  Line& line = make_line();
  line.stream->set_deadline(BootTime{rig_.loop().now().ms + 1000});
  rig_.spawn(receive_once(line));
  rig_.settle();
  line.peer.send("just in time");
  rig_.clock().advance_ms(5000);
  rig_.settle();
  ASSERT_TRUE(line.receive_end.has_value());
  std::string all = line.text;
  if (line.receive_end == StreamEnd::kTimedOut) {
    line.stream->set_deadline(BootTime{kFarAway});
    rig_.spawn(receive_once(line));
    rig_.settle();
    all = line.text;
  }
  EXPECT_EQ(all, "just in time");
}

TEST_P(SocketStreamTest, ASendToAPeerThatDoesNotReadTimesOut) {
  Line& line = make_line();
  const std::string answer = pattern(std::size_t{2} * 1024 * 1024);
  line.stream->set_deadline(BootTime{rig_.loop().now().ms + 1000});
  rig_.spawn(send_all(line, answer));
  rig_.settle();
  EXPECT_FALSE(line.send_end.has_value());
  rig_.advance_ms(1600);
  ASSERT_TRUE(rig_.until([&line] { return line.send_end.has_value(); }));
  EXPECT_EQ(line.send_end, StreamEnd::kTimedOut);
}

TEST_P(SocketStreamTest, AbortEndsAReceive) {
  Line& line = make_line();
  rig_.spawn(receive_once(line));
  rig_.settle();
  line.stream->abort();
  ASSERT_TRUE(rig_.until([&line] { return line.receive_end.has_value(); }));
  EXPECT_EQ(line.receive_end, StreamEnd::kBroken);
}

TEST_P(SocketStreamTest, AbortBeforeTheKernelEverSawTheReceiveEndsItToo) {
  Line& line = make_line();
  rig_.spawn(receive_once(line));
  line.stream->abort();
  ASSERT_TRUE(rig_.until([&line] { return line.receive_end.has_value(); }));
  EXPECT_EQ(line.receive_end, StreamEnd::kBroken);
}

TEST_P(SocketStreamTest, AbortEndsASend) {
  Line& line = make_line();
  const std::string answer = pattern(std::size_t{2} * 1024 * 1024);
  rig_.spawn(send_all(line, answer));
  rig_.settle();
  line.stream->abort();
  ASSERT_TRUE(rig_.until([&line] { return line.send_end.has_value(); }));
  EXPECT_EQ(line.send_end, StreamEnd::kBroken);
}

TEST_P(SocketStreamTest, CloseWhileTheKernelStillReceivesWaitsForItsAnswer) {
  Line& line = make_line();
  line.peer.send("x");
  rig_.spawn(receive_once(line));
  ASSERT_TRUE(rig_.until([&line] { return line.receive_end.has_value(); }));
  // The multishot receive is still armed, and bytes that nobody will take are on their way.
  line.peer.send("more");
  rig_.spawn(close_stream(line));
  EXPECT_FALSE(line.closed);
  ASSERT_TRUE(rig_.until([&line] { return line.closed; }));
  EXPECT_TRUE(rig_.until([&line] { return line.peer.saw_end(); }));
}

TEST_P(SocketStreamTest, CloseOfAStreamThatNeverReceivedIsImmediate) {
  Line& line = make_line();
  rig_.spawn(close_stream(line));
  EXPECT_TRUE(line.closed);
  EXPECT_TRUE(rig_.until([&line] { return line.peer.saw_end(); }));
}

TEST_P(SocketStreamTest, TheEndOfSendingLeavesReceivingOpen) {
  Line& line = make_line();
  line.stream->shutdown_send();
  EXPECT_TRUE(rig_.until([&line] { return line.peer.saw_end(); }));
  line.peer.send("still");
  rig_.spawn(receive_once(line));
  ASSERT_TRUE(rig_.until([&line] { return line.receive_end.has_value(); }));
  EXPECT_EQ(line.text, "still");
}

std::string kind(const ::testing::TestParamInfo<bool>& info) { return info.param ? "Tcp" : "Unix"; }

INSTANTIATE_TEST_SUITE_P(Sockets, SocketStreamTest, ::testing::Bool(), kind);

class TcpStreamTest : public SocketStreamTest {};
INSTANTIATE_TEST_SUITE_P(Sockets, TcpStreamTest, ::testing::Values(true), kind);

TEST_P(TcpStreamTest, AResetBreaksAReceive) {
  Line& line = make_line();
  rig_.spawn(receive_once(line));
  rig_.settle();
  line.peer.reset();
  ASSERT_TRUE(rig_.until([&line] { return line.receive_end.has_value(); }));
  EXPECT_EQ(line.receive_end, StreamEnd::kBroken);
}

TEST_P(TcpStreamTest, AResetBreaksASend) {
  Line& line = make_line();
  const std::string answer = pattern(std::size_t{2} * 1024 * 1024);
  rig_.spawn(send_all(line, answer));
  rig_.settle();
  line.peer.reset();
  ASSERT_TRUE(rig_.until([&line] { return line.send_end.has_value(); }));
  EXPECT_EQ(line.send_end, StreamEnd::kBroken);
}

/// Two buffers of 64 bytes for all streams of the core.
class StarvedStreamTest : public SocketStreamTest {
 protected:
  StarvedStreamTest() : SocketStreamTest(LoopRig::Settings{2, 64, 1024}) {}

  /// A stream that holds both buffers.
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
    return std::all_of(lines_.begin(), lines_.end(), [&](const auto& line) { return line->text.size() == sent.size(); });
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
  // The buffer that comes back is not lost on the one that has given up.
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
  EXPECT_EQ(starved.receive_end, StreamEnd::kBroken);
}

// While its owner is busy a stream meets the lack of buffers; it must not take another's place in the line.
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
  // One buffer comes back, the other never does; the hog itself asks no more.
  hog.peer.received();
  hog.stream->abort();
  rig_.settle();
  hog.chunks.erase(hog.chunks.begin());
  EXPECT_TRUE(rig_.until([&waiting] { return waiting.receive_end.has_value(); }));
  EXPECT_EQ(waiting.text, "hungry");
}

// The kernel says ENOBUFS for one stream in the same batch in which another gives all buffers back.
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
