// How connections end: by deadlines, peers that leave, and a server that stops. Also the PROXY protocol,
// which must come before anything else.
#include <gtest/gtest.h>

#include <string>

#include "connection_rig.h"

namespace latchkey::http {
namespace {

const std::string kGet = "GET /now HTTP/1.1\r\nHost: a\r\n\r\n";

class ConnectionEndTest : public ConnectionTest {
 protected:
  ConnectionEndTest() {
    settings_.header_timeout = std::chrono::milliseconds(2000);
    settings_.body_timeout = std::chrono::milliseconds(4000);
    settings_.idle_timeout = std::chrono::milliseconds(10'000);
    settings_.write_timeout = std::chrono::milliseconds(3000);
  }
};

TEST_F(ConnectionEndTest, AnIdleConnectionIsClosedWithoutAWord) {
  Client& client = connect();
  client.peer.send(kGet);
  EXPECT_EQ(body_of_answer(client), "GET /now ");
  pass_time_ms(9900);
  EXPECT_FALSE(client.served);
  pass_time_ms(700);
  EXPECT_TRUE(ends(client));
  EXPECT_EQ(client.peer.received(), "");
}

TEST_F(ConnectionEndTest, EveryRequestMakesTheConnectionYoungAgain) {
  Client& client = connect();
  for (int i = 0; i < 4; ++i) {
    pass_time_ms(9000);
    client.peer.send(kGet);
    EXPECT_EQ(body_of_answer(client), "GET /now ");
  }
}

TEST_F(ConnectionEndTest, AHeadThatDoesNotArriveInTimeIs408) {
  Client& client = connect();
  pass_time_ms(5000);
  client.peer.send("GET /now HTTP/1.1\r\n");
  pass_time_ms(1900);
  EXPECT_FALSE(client.next().has_value());
  pass_time_ms(700);
  const Answer answer = answer_of(client);
  EXPECT_EQ(answer.status(), 408);
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(answer.body, "{\"detail\":\"the head of the request did not arrive in time\"}");
  client.peer.close();
  EXPECT_TRUE(ends(client));
}

// The deadline covers the whole head: bytes that trickle in do not move it.
TEST_F(ConnectionEndTest, AHeadThatTricklesIs408AllTheSame) {
  Client& client = connect();
  client.peer.send("GET /now HTTP/1.1\r\nX-Slow: ");
  for (int i = 0; i < 26 && client.peer.received().empty(); ++i) {
    client.peer.send("x");
    pass_time_ms(100);
  }
  EXPECT_EQ(answer_of(client).status(), 408);
}

TEST_F(ConnectionEndTest, ABodyThatDoesNotArriveInTimeIs408) {
  for (const std::string framing : {"Content-Length: 10", "Transfer-Encoding: chunked"}) {
    Client& client = connect();
    client.peer.send("POST /now HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n\r\n");
    pass_time_ms(3900);
    EXPECT_FALSE(client.next().has_value());
    pass_time_ms(700);
    const Answer answer = answer_of(client);
    EXPECT_EQ(answer.status(), 408);
    EXPECT_EQ(answer.body, "{\"detail\":\"the body did not arrive in time\"}");
  }
}

// A pipeline in which no request ends where a buffer ends. Each request has its own time.
TEST_F(ConnectionEndTest, APipelineThatIsNeverCutBetweenRequestsMayGoOnForEver) {
  Client& client = connect();
  const std::string half = kGet.substr(0, 15);
  const std::string rest = kGet.substr(15);
  client.peer.send(half);
  for (int i = 0; i < 10; ++i) {
    pass_time_ms(1500);
    client.peer.send(rest + half);
    EXPECT_EQ(body_of_answer(client), "GET /now ");
  }
}

TEST_F(ConnectionEndTest, APeerThatDoesNotReadIsLeftAfterTheWriteTimeout) {
  Client& client = connect(test::tcp_pair());
  client.peer.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  rig_.settle();
  pass_time_ms(2900);
  EXPECT_FALSE(client.closed);
  pass_time_ms(700);
  EXPECT_TRUE(ends(client));
}

TEST_F(ConnectionEndTest, ASlowAnswerHasNoDeadlineOfTheConnection) {
  Client& client = connect();
  client.peer.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.until([this] { return handler_.slow_waiting == 1; }));
  pass_time_ms(20'000);
  test::wake_now(handler_.release);
  const Answer answer = answer_of(client);
  EXPECT_EQ(answer.body, "GET /slow ");
  EXPECT_TRUE(answer.has("X-API-Time: 20.000s"));
}

TEST_F(ConnectionEndTest, WhenTheServerStopsAnIdleConnectionEnds) {
  Client& fresh = connect();
  Client& used = connect();
  used.peer.send(kGet);
  EXPECT_EQ(body_of_answer(used), "GET /now ");
  Client& proxied = connect_proxied();
  rig_.settle();
  services_.draining = true;
  for (Client* const client : {&fresh, &used, &proxied}) {
    client->connection->drain();
    EXPECT_TRUE(ends(*client));
    EXPECT_EQ(client->peer.received(), "");
  }
}

TEST_F(ConnectionEndTest, WhenTheServerStopsARequestUnderWayIsAnsweredAndTheLast) {
  Client& head = connect();
  head.peer.send("GET /now HTTP/1.1\r\nHo");
  Client& body = connect();
  body.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  Client& slow = connect();
  slow.peer.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.until([this] { return handler_.slow_waiting == 1; }));
  rig_.settle();
  services_.draining = true;
  for (Client* const client : {&head, &body, &slow}) client->connection->drain();
  rig_.settle();
  for (Client* const client : {&head, &body, &slow}) EXPECT_FALSE(client->served);

  head.peer.send("st: a\r\n\r\n" + kGet);
  const Answer answer = answer_of(head);
  EXPECT_EQ(answer.body, "GET /now ");
  EXPECT_TRUE(answer.has("Connection: close"));
  body.peer.send("dy");
  EXPECT_TRUE(answer_of(body).has("Connection: close"));
  test::wake_now(handler_.release);
  EXPECT_EQ(body_of_answer(slow), "GET /slow ");
  for (Client* const client : {&head, &body, &slow}) {
    client->peer.end_sending();
    EXPECT_TRUE(ends(*client));
  }
  EXPECT_EQ(handler_.asked_now, 3);
}

TEST_F(ConnectionEndTest, WhereAnotherServerGoesOnAnIdleConnectionGetsOneMoreAnswerThatSaysItIsTheLast) {
  constexpr std::int64_t kIdleMs = 2000;
  Client& fresh = connect();
  Client& used = connect();
  used.peer.send(kGet);
  EXPECT_EQ(body_of_answer(used), "GET /now ");
  Client& silent = connect();
  Client& proxied = connect_proxied();
  rig_.settle();
  services_.draining = true;
  services_.idle_until = rig_.loop().now() + std::chrono::milliseconds(kIdleMs);
  for (const auto& client : clients_) client->connection->drain();
  Client& late = connect();
  rig_.settle();
  for (Client* const client : {&fresh, &used, &late}) {
    ASSERT_FALSE(client->served);
    client->peer.send(kGet);
    const Answer answer = answer_of(*client);
    EXPECT_EQ(answer.body, "GET /now ");
    EXPECT_TRUE(answer.has("Connection: close"));
    client->peer.end_sending();
    EXPECT_TRUE(ends(*client));
  }
  EXPECT_FALSE(silent.served);
  EXPECT_FALSE(proxied.served);
  pass_time_ms(kIdleMs + runtime::Loop::kStrideMs);
  for (Client* const client : {&silent, &proxied}) {
    EXPECT_TRUE(ends(*client));
    EXPECT_EQ(client->peer.received(), "");
  }
}

TEST_F(ConnectionEndTest, ARequestThatWaitsGoesOnWithTheHandlerAndTheBoundsThatItBeganWith) {
  auto former = std::make_shared<ScriptedHandler>(rig_.loop());
  const std::weak_ptr<ScriptedHandler> watched = former;
  Client& waiting = connect();
  services_.handler = *former;
  services_.keeps = former;
  waiting.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  rig_.settle();
  ConnectionSettings narrower = settings_;
  narrower.max_body_bytes = 1;
  services_.settings = narrower;
  services_.handler = handler_;
  services_.keeps = nullptr;
  former.reset();
  ASSERT_FALSE(watched.expired());
  waiting.peer.send("dy");
  EXPECT_EQ(answer_of(waiting).status(), 200);
  EXPECT_EQ(handler_.asked_now, 0);
  waiting.peer.send(kGet);
  EXPECT_EQ(body_of_answer(waiting), "GET /now ");
  EXPECT_EQ(handler_.asked_now, 1) << "the next request has the new one";
  waiting.peer.send("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_EQ(answer_of(waiting).status(), 413);
  waiting.peer.end_sending();
  EXPECT_TRUE(ends(waiting));
  EXPECT_TRUE(watched.expired());
  services_.settings = settings_;
}

TEST_F(ConnectionEndTest, APeerMayGoInEveryPhase) {
  const std::vector<std::string> phases = {
      "",
      "GE",
      "GET /now HTTP/1.1\r\nHost: a\r\n",
      kGet,
      kGet + "GET /n",
      "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n",
      "POST /now HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
      "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345",
      "POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
      "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + kGet,
      "GET /big HTTP/1.1\r\nHost: a\r\n\r\n",
      "broken\r\n\r\n",
      "GET /last HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  for (const bool proxied : {false, true}) {
    for (const bool reset : {true, false}) {
      for (const std::string& phase : phases) {
        for (const bool at_once : {true, false}) {
          Client& client = connect(test::tcp_pair(), proxied);
          client.peer.send(proxied ? "PROXY UNKNOWN\r\n" + phase : phase);
          if (!at_once) rig_.settle();
          reset ? client.peer.reset() : client.peer.close();
          EXPECT_TRUE(rig_.until([&] {
            test::wake_now(handler_.release);
            return client.closed;
          })) << phase;
        }
      }
    }
  }
  EXPECT_EQ(handler_.open_memos, 0);
}

using ConnectionProxyTest = ConnectionEndTest;

std::string proxy_v2() {
  std::string header("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16);
  header.append("\xc6\x33\x64\x09\x0a\0\0\x01\xdd\xd5\0\x50", 12);
  return header;
}

TEST_F(ConnectionProxyTest, TheAddressThatTheProxyNamesIsThePeers) {
  Client& first = connect_proxied();
  first.peer.send("PROXY TCP4 198.51.100.9 10.0.0.1 56789 80\r\n" + kGet);
  EXPECT_EQ(body_of_answer(first), "GET /now ");
  EXPECT_EQ(handler_.answering_peer, "198.51.100.9");
  Client& second = connect_proxied();
  second.peer.send(proxy_v2() + kGet);
  EXPECT_EQ(body_of_answer(second), "GET /now ");
  EXPECT_EQ(handler_.answering_peer, "198.51.100.9");
  EXPECT_EQ(handler_.peers, (std::vector<std::string>{"198.51.100.9", "198.51.100.9"}));
}

TEST_F(ConnectionProxyTest, AProxyThatSpeaksForItselfIsThePeer) {
  Client& client = connect_proxied();
  client.peer.send("PROXY UNKNOWN\r\n" + kGet);
  EXPECT_EQ(body_of_answer(client), "GET /now ");
  EXPECT_EQ(handler_.answering_peer, "192.0.2.7");
}

TEST_F(ConnectionProxyTest, TheHeaderMayBeCutAtEveryByte) {
  for (const std::string& header : {std::string("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"), proxy_v2()}) {
    const std::string bytes = header + kGet;
    for (std::size_t cut = 1; cut <= header.size(); ++cut) {
      Client& client = connect_proxied();
      client.peer.send(std::string_view(bytes).substr(0, cut));
      rig_.settle();
      client.peer.send(std::string_view(bytes).substr(cut));
      EXPECT_EQ(body_of_answer(client), "GET /now ") << cut;
    }
  }
}

TEST_F(ConnectionProxyTest, WhomTheGateRefusesIsClosedBehindItsHeader) {
  gate_.is_open = false;
  Client& client = connect_proxied();
  client.peer.send("PROXY TCP4 198.51.100.9 10.0.0.1 56789 80\r\n" + kGet);
  EXPECT_TRUE(ends(client));
  EXPECT_EQ(client.peer.received(), "");
  EXPECT_EQ(handler_.asked_now, 0);
  EXPECT_TRUE(handler_.peers.empty());
  EXPECT_EQ(gate_.sources, std::vector<std::string>{"198.51.100.9"});
}

TEST_F(ConnectionProxyTest, TheGateIsAskedOnceAndOnlyWhereTheHeaderHasCome) {
  Client& plain = connect();
  plain.peer.send(kGet);
  EXPECT_EQ(body_of_answer(plain), "GET /now ");
  Client& broken = connect_proxied();
  broken.peer.send(kGet);
  EXPECT_TRUE(ends(broken));
  EXPECT_TRUE(gate_.sources.empty());
  Client& proxied = connect_proxied();
  proxied.peer.send("PROXY UNKNOWN\r\n" + kGet + kGet);
  EXPECT_EQ(body_of_answer(proxied), "GET /now ");
  EXPECT_EQ(body_of_answer(proxied), "GET /now ");
  EXPECT_EQ(gate_.sources, std::vector<std::string>{"192.0.2.7"});
}

TEST_F(ConnectionProxyTest, WithoutTheHeaderNothingIsAnswered) {
  Client& client = connect_proxied();
  client.peer.send(kGet);
  EXPECT_TRUE(ends(client));
  EXPECT_EQ(client.peer.received(), "");
  EXPECT_EQ(handler_.asked_now, 0);
  EXPECT_TRUE(handler_.peers.empty());
  ASSERT_EQ(log_.lines.size(), 1U);
  EXPECT_EQ(
      log_.lines[0],
      "event=proxy_protocol.refused more=0 peer=192.0.2.7 reason=\"no PROXY header where one is required\"");
}

TEST_F(ConnectionProxyTest, OnAnOrdinaryListenerTheHeaderIsABrokenRequest) {
  Client& client = connect();
  client.peer.send("PROXY TCP4 198.51.100.9 10.0.0.1 56789 80\r\n" + kGet);
  EXPECT_EQ(answer_of(client).status(), 400);
}

TEST_F(ConnectionProxyTest, AHeaderThatDoesNotArriveInTimeEndsTheConnection) {
  Client& client = connect_proxied();
  client.peer.send("PROXY TCP4 ");
  pass_time_ms(1900);
  EXPECT_FALSE(client.served);
  pass_time_ms(700);
  EXPECT_TRUE(ends(client));
  EXPECT_EQ(client.peer.received(), "");
}

}  // namespace
}  // namespace latchkey::http
