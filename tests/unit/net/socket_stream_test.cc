#include "latchkey/net/socket_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "stream_rig.h"

namespace latchkey::net {
namespace {

using SocketStreamTest = StreamTest;

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
  // The end is permanent: every later receive reports it again.
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

// Far more than the queue, the buffers and the socket hold together, and a receiver that comes late in each
// pass.
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

// Nobody receives after the first chunk. The stream must stop taking buffers by itself, and go on when asked.
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

// The kernel is told to give up a partial send, as it does by itself if it meets an error in between.
TEST_P(SocketStreamTest, TheRestOfASendThatTheKernelGaveUpIsSent) {
  Line& line = make_line();
  const std::string answer = pattern(std::size_t{2} * 1024 * 1024);
  rig_.spawn(send_all(line, answer));
  for (int i = 0; i < 3; ++i) {
    rig_.settle();
    rig_.loop().ring().start(nullptr, [&line](io_uring_sqe& entry) {
      io_uring_prep_cancel_fd(&entry, line.fd, IORING_ASYNC_CANCEL_ALL);
    });
    rig_.settle();
    ASSERT_FALSE(line.send_end.has_value()) << "a short send has ended the stream";
    line.peer.received();
  }
  ASSERT_TRUE(rig_.until([&line] {
    line.peer.received();
    return line.send_end.has_value();
  }));
  EXPECT_EQ(line.send_end, StreamEnd::kNone);
  ASSERT_TRUE(rig_.until([&] { return line.peer.received().size() == answer.size(); }));
  EXPECT_TRUE(line.peer.received() == answer);
}

/// A line for which the kernel must not wait. What it cannot do at once comes back: a send short or with
/// -EAGAIN, a receive with -EAGAIN.
class ImpatientSocketTest : public StreamTest {
 protected:
  Line& make_impatient_line() { return make_line(MSG_DONTWAIT); }

  /// Lets the pauses end, as often as it takes.
  template <class Condition>
  bool comes_to(Condition&& condition) {
    constexpr int kMostPauses = 2000;
    for (int i = 0; i < kMostPauses && !condition(); ++i) rig_.advance_ms(50);
    return condition();
  }
};
INSTANTIATE_TEST_SUITE_P(Sockets, ImpatientSocketTest, ::testing::Bool(), kind);

TEST_P(ImpatientSocketTest, TheRestOfAShortSendIsSent) {
  Line& line = make_impatient_line();
  const std::string answer = pattern(std::size_t{2} * 1024 * 1024);
  rig_.spawn(send_all(line, answer));
  rig_.settle();
  ASSERT_FALSE(line.send_end.has_value()) << "a short send has ended the stream";
  ASSERT_TRUE(comes_to([&line] {
    line.peer.received();
    return line.send_end.has_value();
  }));
  EXPECT_EQ(line.send_end, StreamEnd::kNone);
  ASSERT_TRUE(comes_to([&] { return line.peer.received().size() == answer.size(); }));
  EXPECT_TRUE(line.peer.received() == answer);
}

TEST_P(ImpatientSocketTest, ASendThatFindsNoRoomAtAllIsSentWhenThereIsSome) {
  Line& line = make_impatient_line();
  const std::string filling = pattern(std::size_t{2} * 1024 * 1024);
  std::size_t filled = 0;
  while (true) {
    const ssize_t sent = ::send(line.fd, filling.data(), filling.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) break;
    filled += static_cast<std::size_t>(sent);
  }
  rig_.spawn(send_all(line, filling));
  for (int i = 0; i < 5; ++i) rig_.advance_ms(50);
  ASSERT_FALSE(line.send_end.has_value()) << "-EAGAIN has ended the stream";
  ASSERT_TRUE(comes_to([&] { return line.peer.received().size() == filled + filling.size(); }));
  EXPECT_EQ(line.send_end, StreamEnd::kNone);
  EXPECT_TRUE(std::string_view(line.peer.received()).substr(filled) == filling);
}

TEST_P(ImpatientSocketTest, AReceiveThatFindsNothingIsAskedAgain) {
  Line& line = make_impatient_line();
  rig_.spawn(receive_all(line, hold_));
  rig_.settle();
  ASSERT_FALSE(line.receive_end.has_value()) << "-EAGAIN has ended the stream";
  line.peer.send("late");
  ASSERT_TRUE(comes_to([&line] { return line.text == "late"; }));
  line.peer.end_sending();
  ASSERT_TRUE(comes_to([&line] { return line.receive_end.has_value(); }));
  EXPECT_EQ(line.receive_end, StreamEnd::kClosed);
}

TEST_P(ImpatientSocketTest, WhatIsAskedAgainStillHasItsDeadline) {
  Line& sending = make_impatient_line();
  Line& receiving = make_impatient_line();
  const std::string answer = pattern(std::size_t{2} * 1024 * 1024);
  for (Line* const line : {&sending, &receiving}) {
    line->stream->set_deadline(BootTime{rig_.loop().now().ms + 1000});
  }
  rig_.spawn(send_all(sending, answer));
  rig_.spawn(receive_once(receiving));
  for (int i = 0; i < 18; ++i) rig_.advance_ms(50);
  EXPECT_FALSE(sending.send_end.has_value());
  EXPECT_FALSE(receiving.receive_end.has_value());
  ASSERT_TRUE(comes_to([&] { return sending.send_end && receiving.receive_end; }));
  EXPECT_EQ(sending.send_end, StreamEnd::kTimedOut);
  EXPECT_EQ(receiving.receive_end, StreamEnd::kTimedOut);
}

TEST_P(ImpatientSocketTest, AbortEndsWhatIsToBeAskedAgain) {
  Line& sending = make_impatient_line();
  Line& receiving = make_impatient_line();
  const std::string answer = pattern(std::size_t{2} * 1024 * 1024);
  rig_.spawn(send_all(sending, answer));
  rig_.spawn(receive_once(receiving));
  rig_.settle();
  sending.stream->abort();
  receiving.stream->abort();
  ASSERT_TRUE(rig_.until([&] { return sending.send_end && receiving.receive_end; }));
  EXPECT_EQ(sending.send_end, StreamEnd::kBroken);
  EXPECT_EQ(receiving.receive_end, StreamEnd::kBroken);
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

}  // namespace
}  // namespace latchkey::net
