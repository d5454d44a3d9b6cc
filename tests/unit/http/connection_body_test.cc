// How a connection receives bodies.
#include <gtest/gtest.h>

#include <string>

#include "connection_rig.h"

namespace latchkey::http {
namespace {

const std::string kGet = "GET /now HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kSized = "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world";
const std::string kChunked =
    "POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n";
const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

using ConnectionBodyTest = ConnectionTest;

TEST_F(ConnectionBodyTest, ABodyMayBeCutAtEveryByteAndTheNextRequestFollows) {
  for (const std::string& request : {kSized, kChunked}) {
    Client& client = connect();
    for (std::size_t cut = 1; cut < request.size(); ++cut) {
      client.peer.send(std::string_view(request).substr(0, cut));
      rig_.settle();
      EXPECT_FALSE(client.next().has_value()) << cut;
      client.peer.send(std::string(request.substr(cut)) + kGet);
      EXPECT_EQ(body_of_answer(client), "POST /now hello world") << cut;
      EXPECT_EQ(body_of_answer(client), "GET /now ") << cut;
    }
  }
}

TEST_F(ConnectionBodyTest, NoReceiveBufferHoldsAPasswordOnceItIsAnsweredWhereverItWasCut) {
  const auto is_held = [this] {
    for (std::uint32_t id = 0; id < test::LoopRig::Settings{}.buffers; ++id) {
      const std::uint32_t flags = IORING_CQE_F_BUFFER | (id << IORING_CQE_BUFFER_SHIFT);
      const std::string_view bytes =
          rig_.buffers().peek(flags, static_cast<std::int32_t>(rig_.buffers().buffer_bytes()));
      if (bytes.find("hello") != std::string_view::npos || bytes.find("world") != std::string_view::npos)
        return true;
    }
    return false;
  };
  const std::string basic = "GET /now HTTP/1.1\r\nHost: a\r\nAuthorization: Basic hello-world\r\n\r\n";
  const std::string broken = "POST /now HTTP/1.1\r\nHost: a\r\nAuthorization: Basic hello-world\r\nX\r\n\r\n";
  for (const std::string& request : {kSized, kChunked, basic, broken}) {
    for (std::size_t cut = 1; cut <= request.size(); ++cut) {
      Client& client = connect();
      client.peer.send(kGet + request.substr(0, cut));
      rig_.settle();
      client.peer.send(request.substr(cut) + kGet);
      answer_of(client);
      answer_of(client);
      EXPECT_FALSE(is_held()) << cut << " of " << request;
      client.peer.close();
      EXPECT_TRUE(ends(client));
    }
  }
}

TEST_F(ConnectionBodyTest, ABodyMayComeByteByByte) {
  for (const std::string& request : {kSized, kChunked}) {
    Client& client = connect();
    for (const char byte : request) {
      client.peer.send({&byte, 1});
      rig_.loop().pass();
      rig_.loop().pass();
    }
    EXPECT_EQ(body_of_answer(client), "POST /now hello world");
  }
}

TEST_F(ConnectionBodyTest, AClientThatHoldsItsBodyBackIsToldToGoOn) {
  for (const std::string framing : {"Content-Length: 5", "Transfer-Encoding: chunked"}) {
    Client& client = connect();
    client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + framing + "\r\n\r\n");
    ASSERT_TRUE(rig_.until([&client] { return client.peer.received() == kContinue; }));
    client.peer.take();
    client.peer.send(framing[0] == 'C' ? "hello" : "5\r\nhello\r\n0\r\n\r\n");
    EXPECT_EQ(body_of_answer(client), "POST /now hello");
  }
}

TEST_F(ConnectionBodyTest, AClientThatDoesNotWaitIsNotToldToGoOn) {
  Client& client = connect();
  client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(answer_of(client).head.substr(0, 15), "HTTP/1.1 200 OK");
  client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhe");
  rig_.settle();
  EXPECT_EQ(client.peer.received(), "");
  client.peer.send("llo");
  EXPECT_EQ(answer_of(client).head.substr(0, 15), "HTTP/1.1 200 OK");
}

TEST_F(ConnectionBodyTest, ABodyOfTheLargestSizeIsTaken) {
  const std::string body(settings_.max_body_bytes, 'b');
  Client& client = connect();
  client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + body);
  EXPECT_EQ(body_of_answer(client), "POST /now " + body);
  client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + body +
                   "\r\n0\r\n\r\n");
  EXPECT_EQ(body_of_answer(client), "POST /now " + body);
}

TEST_F(ConnectionBodyTest, ALargerBodyIs413BeforeItIsSentAndTheLast) {
  for (const std::string expect : {"", "Expect: 100-continue\r\n"}) {
    Client& client = connect();
    client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\n" + expect + "Content-Length: 1001\r\n\r\n");
    const Answer answer = answer_of(client);
    EXPECT_EQ(answer.status(), 413);
    EXPECT_EQ(answer.body, "{\"detail\":\"the body is too large\"}");
    EXPECT_TRUE(answer.has("Connection: close"));
    client.peer.close();
    EXPECT_TRUE(ends(client));
  }
  EXPECT_EQ(handler_.asked_now, 0);
}

TEST_F(ConnectionBodyTest, ALargerChunkedBodyIs413AsSoonAsThatIsKnown) {
  Client& client = connect();
  client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" +
                   std::string(1000, 'b') + "\r\n1\r\n");
  EXPECT_EQ(answer_of(client).status(), 413);
  client.peer.close();
  EXPECT_TRUE(ends(client));
  EXPECT_EQ(handler_.asked_now, 0);
}

TEST_F(ConnectionBodyTest, ABrokenChunkIs400AndTheLast) {
  Client& client = connect();
  client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX" + kGet);
  const Answer answer = answer_of(client);
  EXPECT_EQ(answer.status(), 400);
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_TRUE(rig_.until([&client] { return client.peer.saw_end(); }));
  EXPECT_EQ(handler_.asked_now, 0);
}

TEST_F(ConnectionBodyTest, AHugeLengthDoesNotOverflow) {
  Client& client = connect();
  client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n");
  EXPECT_EQ(answer_of(client).status(), 413);
}

// If the server closed at once, the kernel would reset the connection and the client would lose the answer.
TEST_F(ConnectionBodyTest, AClientThatGoesOnSendingStillReadsItsRefusal) {
  Client& client = connect(test::tcp_pair());
  const std::string part(8192, 'b');
  client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + part);
  for (int i = 0; i < 5; ++i) {
    client.peer.send(part);
    rig_.settle();
  }
  EXPECT_EQ(answer_of(client).status(), 413);
  EXPECT_FALSE(client.peer.was_reset());
  client.peer.close();
  EXPECT_TRUE(ends(client));
}

TEST_F(ConnectionBodyTest, AClientThatNeverFallsSilentIsLeftAfterABoundedWhile) {
  Client& endless = connect(test::tcp_pair());
  endless.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  const std::string part(8192, 'b');
  EXPECT_TRUE(rig_.until([&] {
    endless.peer.send_some(part);
    return endless.closed;
  }));

  Client& silent = connect();
  silent.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  EXPECT_EQ(answer_of(silent).status(), 413);
  EXPECT_FALSE(silent.closed);
  pass_time_ms(2000);
  EXPECT_TRUE(ends(silent));
}

}  // namespace
}  // namespace latchkey::http
