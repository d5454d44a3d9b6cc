#include "latchkey/http/connection.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <string>

#include "connection_rig.h"
#include "latchkey/base/sanitized.h"

namespace latchkey::http {
namespace {

const std::string kGet = "GET /now HTTP/1.1\r\nHost: a\r\n\r\n";

/// Two ends that keep each write separate, so that a test can count them.
std::pair<int, test::Peer> packet_pair() {
  std::array<int, 2> ends{};
  LATCHKEY_ASSERT(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {ends[0], test::Peer(ends[1])};
}

TEST_F(ConnectionTest, OneConnectionServesManyRequests) {
  Client& client = connect(test::tcp_pair());
  for (int i = 0; i < 5; ++i) {
    client.peer.send(kGet);
    const Answer answer = answer_of(client);
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.body, "GET /now ");
    EXPECT_TRUE(answer.has("X-API-Node: node-1"));
  }
  EXPECT_EQ(handler_.peers, std::vector<std::string>{"192.0.2.7"});
  client.peer.end_sending();
  EXPECT_TRUE(ends(client));
}

TEST_F(ConnectionTest, PipelinedRequestsAreAnsweredInOrderAndInOneWrite) {
  Client& client = connect(packet_pair());
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += "GET /now" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  client.peer.send(requests);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(body_of_answer(client), "GET /now" + std::to_string(i) + " ");
  EXPECT_EQ(client.peer.reads(), 1);
}

TEST_F(ConnectionTest, PipelinedRequestsOfManyKindsAreAllAnsweredInOrder) {
  Client& client = connect();
  client.peer.send(
      "GET /now1 HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /now2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "DELETE /empty HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /now3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n"
      "POST /now4 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
      "GET /now5 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(body_of_answer(client), "GET /now1 ");
  EXPECT_EQ(body_of_answer(client), "POST /now2 abc");
  EXPECT_EQ(answer_of(client).status(), 204);
  EXPECT_EQ(body_of_answer(client), "POST /now3 xyz");
  EXPECT_EQ(body_of_answer(client), "POST /now4 ");
  EXPECT_EQ(body_of_answer(client), "GET /now5 ");
}

TEST_F(ConnectionTest, AHeadMayBeCutAtEveryByte) {
  Client& client = connect();
  const std::string request = "GET /now?x=1 HTTP/1.1\r\nHost: a\r\nUser-Agent: test\r\n\r\n";
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    client.peer.send(std::string_view(request).substr(0, cut));
    rig_.settle();
    EXPECT_FALSE(client.next().has_value()) << cut;
    client.peer.send(std::string_view(request).substr(cut));
    EXPECT_EQ(body_of_answer(client), "GET /now ") << cut;
  }
}

TEST_F(ConnectionTest, ARequestMayComeByteByByte) {
  Client& client = connect();
  const std::string request = "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  for (const char byte : request) {
    client.peer.send({&byte, 1});
    rig_.loop().pass();
    rig_.loop().pass();
  }
  EXPECT_EQ(body_of_answer(client), "POST /now hello");
}

// Each cut leaves the end of one request and the beginning of the next in the same buffer.
TEST_F(ConnectionTest, APipelineMayBeCutAtEveryByte) {
  const std::string one = "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  const std::string pipeline = one + one + one;
  Client& client = connect();
  for (std::size_t cut = 1; cut < pipeline.size(); ++cut) {
    client.peer.send(std::string_view(pipeline).substr(0, cut));
    rig_.settle();
    client.peer.send(std::string_view(pipeline).substr(cut));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(body_of_answer(client), "POST /now abc") << cut;
  }
}

TEST_F(ConnectionTest, HeadGetsTheLengthAndNoBody) {
  Client& client = connect();
  client.peer.send("HEAD /now HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.until([&client] { return client.peer.received().find("\r\n\r\n") != std::string::npos; }));
  EXPECT_TRUE(client.peer.received().ends_with("Content-Length: 10\r\n\r\n"));
}

TEST_F(ConnectionTest, AClientThatAsksForTheEndGetsItAfterItsAnswer) {
  Client& client = connect();
  client.peer.send("GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + kGet);
  EXPECT_TRUE(answer_of(client).has("Connection: close"));
  EXPECT_TRUE(rig_.until([&client] { return client.peer.saw_end(); }));
  EXPECT_FALSE(client.next().has_value());
  client.peer.close();
  EXPECT_TRUE(ends(client));
  EXPECT_EQ(handler_.asked_now, 1);
}

TEST_F(ConnectionTest, AHandlerMayEndTheConnection) {
  Client& client = connect();
  client.peer.send("GET /last HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer_of(client).has("Connection: close"));
  client.peer.close();
  EXPECT_TRUE(ends(client));
}

TEST_F(ConnectionTest, AnOldClientIsLeftAfterItsAnswerUnlessItAsksToStay) {
  Client& leaves = connect();
  leaves.peer.send("GET /now HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(answer_of(leaves).has("Connection: close"));
  leaves.peer.close();
  EXPECT_TRUE(ends(leaves));

  Client& stays = connect();
  for (int i = 0; i < 2; ++i) {
    stays.peer.send("GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(answer_of(stays).has("Connection: keep-alive"));
  }
}

TEST_F(ConnectionTest, ABrokenRequestIs400AndTheLast) {
  Client& client = connect(packet_pair());
  client.peer.send(kGet + "GET /now HTTP/1.1\r\nHost: a\r\nBad Field: x\r\n\r\n" + kGet);
  EXPECT_EQ(body_of_answer(client), "GET /now ");
  const Answer refusal = answer_of(client);
  EXPECT_EQ(refusal.status(), 400);
  EXPECT_TRUE(refusal.has("Connection: close"));
  EXPECT_TRUE(refusal.has("Content-Type: application/json"));
  EXPECT_TRUE(refusal.has("X-API-Node: node-1"));
  EXPECT_EQ(refusal.body, "{\"detail\":\"malformed field name\"}");
  // The good answer and the bad one leave together, and nothing follows.
  EXPECT_EQ(client.peer.reads(), 1);
  EXPECT_TRUE(rig_.until([&client] { return client.peer.saw_end(); }));
  EXPECT_FALSE(client.next().has_value());
  ASSERT_EQ(log_.lines.size(), 1U);
  EXPECT_EQ(log_.lines[0],
            "event=http.refused more=0 peer=192.0.2.7 status=400 reason=\"malformed field name\"");
  client.peer.close();
  EXPECT_TRUE(ends(client));
}

TEST_F(ConnectionTest, AHeadThatIsTooLongIs431) {
  settings_.head.max_head_bytes = 200;
  Client& client = connect();
  client.peer.send("GET /now HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(300, 'x'));
  EXPECT_EQ(answer_of(client).status(), 431);
}

TEST_F(ConnectionTest, ASlowAnswerHoldsBackItsFollowersAndNotWhatWentBefore) {
  Client& client = connect();
  client.peer.send("GET /now1 HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + kGet +
                   "POST /slow2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody" + kGet);
  EXPECT_EQ(body_of_answer(client), "GET /now1 ");
  ASSERT_TRUE(rig_.until([this] { return handler_.slow_waiting == 1; }));
  rig_.settle();
  EXPECT_FALSE(client.next().has_value());
  test::wake_now(handler_.release);
  EXPECT_EQ(body_of_answer(client), "GET /slow ");
  EXPECT_EQ(body_of_answer(client), "GET /now ");
  ASSERT_TRUE(rig_.until([this] { return handler_.slow_waiting == 1; }));
  test::wake_now(handler_.release);
  EXPECT_EQ(body_of_answer(client), "POST /slow2 body");
  EXPECT_EQ(body_of_answer(client), "GET /now ");
  // The handler was asked once per request.
  EXPECT_EQ(handler_.asked_now, 5);
}

TEST_F(ConnectionTest, FollowersThatArriveDuringASlowAnswerAreServedAfterIt) {
  Client& client = connect(test::tcp_pair());
  client.peer.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.until([this] { return handler_.slow_waiting == 1; }));
  // More than the stream's queue holds while nobody receives.
  constexpr int kFollowers = 300;
  for (int i = 0; i < kFollowers; ++i) {
    client.peer.send(kGet);
    rig_.loop().pass();
  }
  test::wake_now(handler_.release);
  EXPECT_EQ(body_of_answer(client), "GET /slow ");
  for (int i = 0; i < kFollowers; ++i) ASSERT_EQ(body_of_answer(client), "GET /now ") << i;
}

TEST_F(ConnectionTest, AnAnswerLargerThanAnySocketBufferArrivesWhole) {
  Client& client = connect(test::tcp_pair());
  client.peer.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n" + kGet);
  EXPECT_EQ(answer_of(client).body.size(), ScriptedHandler::kBigBytes);
  EXPECT_EQ(body_of_answer(client), "GET /now ");
}

/// Tests with one small buffer for all connections.
class OneBufferTest : public ConnectionTest {
 protected:
  OneBufferTest() : ConnectionTest(test::LoopRig::Settings{1, 256, 1024}) {}
};

TEST_F(OneBufferTest, AHalfRequestHoldsNoBufferThatOthersNeed) {
  Client& slow = connect();
  slow.peer.send("GET /now HTTP/1.1\r\nHo");
  rig_.settle();
  Client& quick = connect();
  quick.peer.send(kGet);
  EXPECT_EQ(body_of_answer(quick), "GET /now ");
  Client& body = connect();
  body.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
  rig_.settle();
  quick.peer.send(kGet);
  EXPECT_EQ(body_of_answer(quick), "GET /now ");
  Client& waits = connect();
  waits.peer.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.until([this] { return handler_.slow_waiting == 1; }));
  quick.peer.send(kGet);
  EXPECT_EQ(body_of_answer(quick), "GET /now ");
  Client& proxied = connect_proxied();
  proxied.peer.send("PROXY TCP4 192.");
  rig_.settle();
  quick.peer.send(kGet);
  EXPECT_EQ(body_of_answer(quick), "GET /now ");

  slow.peer.send("st: a\r\n\r\n");
  EXPECT_EQ(body_of_answer(slow), "GET /now ");
  body.peer.send("67890");
  EXPECT_EQ(body_of_answer(body), "POST /now 1234567890");
}

TEST_F(OneBufferTest, ARequestLargerThanABufferIsServed) {
  Client& client = connect();
  const std::string filler(1000, 'f');
  client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nX-Filler: " + filler +
                   "\r\nContent-Length: 900\r\n\r\n" + std::string(900, 'b'));
  EXPECT_EQ(body_of_answer(client), "POST /now " + std::string(900, 'b'));
}

TEST_F(ConnectionTest, AnIdleConnectionHoldsAtMostTwoKibibytes) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers' allocators do not count for mallinfo2";
  constexpr std::size_t kConnections = 200;
  constexpr std::size_t kMostBytes = 2048;
  const auto serve_one = [this](Client& client) {
    client.peer.send(kGet);
    EXPECT_EQ(body_of_answer(client), "GET /now ");
  };
  clients_.reserve(kConnections + 1);
  // The first connection allocates what all share.
  serve_one(connect());
  const std::size_t before = ::mallinfo2().uordblks;
  for (std::size_t i = 0; i < kConnections; ++i) serve_one(connect());
  const std::size_t each = (::mallinfo2().uordblks - before) / kConnections;
  RecordProperty("bytes_per_idle_connection", static_cast<int>(each));
  EXPECT_LE(each, kMostBytes);
}

}  // namespace
}  // namespace latchkey::http
