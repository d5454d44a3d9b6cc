// How a connection answers requests whose handler needs nothing but their heads.
#include <gtest/gtest.h>

#include <string>

#include "connection_rig.h"

namespace latchkey::http {
namespace {

using ConnectionQuestionTest = ConnectionTest;

const std::string kBodies[] = {
    "Content-Length: 5\r\n",
    "Content-Length: 99999999999\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\nContent-Length: 5\r\n",
    "Expect: magic\r\nTransfer-Encoding: chunked\r\n",
};

TEST_F(ConnectionQuestionTest, AnAnnouncedBodyIsNotWaitedForAndEndsTheConnection) {
  for (const std::string& body : kBodies) {
    Client& client = connect();
    client.peer.send("POST /head HTTP/1.1\r\nHost: a\r\n" + body + "\r\n");
    const Answer answer = answer_of(client);
    EXPECT_EQ(answer.status(), 200) << body;
    EXPECT_EQ(answer.body, "POST /head ") << body;
    EXPECT_TRUE(answer.has("Connection: close")) << body;
    client.peer.close();
    EXPECT_TRUE(ends(client));
  }
}

TEST_F(ConnectionQuestionTest, TheBytesOfABodyAreNeverReadAsARequest) {
  const std::string smuggled = "GET /now HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string& body : kBodies) {
    Client& client = connect();
    client.peer.send("POST /head HTTP/1.1\r\nHost: a\r\n" + body + "\r\n" + smuggled);
    EXPECT_EQ(body_of_answer(client), "POST /head ") << body;
    client.peer.send(smuggled);
    client.peer.close();
    EXPECT_TRUE(ends(client));
    EXPECT_FALSE(client.next().has_value()) << body;
  }
}

TEST_F(ConnectionQuestionTest, AnAnswerThatMustWaitNeedsNoBodyEither) {
  origin_.asks = ProxyFamily::kNginx;
  for (const std::string& body : kBodies) {
    Client& client = connect();
    client.peer.send("POST /slow HTTP/1.1\r\nHost: a\r\n" + body + "\r\nhello");
    ASSERT_TRUE(rig_.until([this] { return handler_.slow_waiting == 1; })) << body;
    test::wake_now(handler_.release);
    const Answer answer = answer_of(client);
    EXPECT_EQ(answer.body, "POST /slow ") << body;
    EXPECT_TRUE(answer.has("Connection: close")) << body;
    client.peer.close();
    EXPECT_TRUE(ends(client));
  }
}

TEST_F(ConnectionQuestionTest, ABodyOfNoBytesAndAnExpectationKeepTheConnection) {
  Client& client = connect();
  for (const std::string lines :
       {"Content-Length: 0\r\n", "Expect: 100-continue\r\n", "Expect: magic\r\n",
        "Expect: a\r\nExpect: b\r\n", "Content-Type: a\r\nContent-Type: b\r\n",
        "X-Auth-Token: a\r\nX-Auth-Token: b\r\n", "If-None-Match: *\r\nRange: bytes=0-1\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n"}) {
    client.peer.send("POST /head HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
    const Answer answer = answer_of(client);
    EXPECT_EQ(answer.body, "POST /head ") << lines;
    EXPECT_FALSE(answer.has("Connection: close")) << lines;
  }
}

TEST_F(ConnectionQuestionTest, WhereEverythingIsAQuestionEachFormOfTargetIsOne) {
  origin_.asks = ProxyFamily::kEnvoy;
  Client& client = connect();
  for (const std::string line : {"GET /", "PURGE /now?a=b", "DELETE *", "OPTIONS *", "GET http://a/now",
                                 "GET http://other:80/now", "POST /a/../b//c%2e"}) {
    client.peer.send(line + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(answer_of(client).status(), 200) << line;
  }
  EXPECT_EQ(handler_.answering_family, ProxyFamily::kEnvoy);
}

TEST_F(ConnectionQuestionTest, BehindConnectNothingIsReadAsARequest) {
  origin_.asks = ProxyFamily::kForward;
  for (const std::string target : {"a:443", "[::1]:443", "/head"}) {
    Client& client = connect();
    client.peer.send("CONNECT " + target + " HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const Answer answer = answer_of(client);
    EXPECT_EQ(answer.status(), 200) << target;
    EXPECT_TRUE(answer.has("Connection: close")) << target;
    client.peer.close();
    EXPECT_TRUE(ends(client));
    EXPECT_FALSE(client.next().has_value()) << target;
  }
}

TEST_F(ConnectionQuestionTest, WhatBreaksHttpItselfIsNoQuestion) {
  origin_.asks = ProxyFamily::kNginx;
  for (const std::string head :
       {"GET /head HTTP/1.1\r\n", "GET /head HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
        "GET /head#x HTTP/1.1\r\nHost: a\r\n", "GET head HTTP/1.1\r\nHost: a\r\n",
        "CONNECT a/b HTTP/1.1\r\nHost: a\r\n", "GET http://user@b/ HTTP/1.1\r\nHost: a\r\n",
        "POST /head HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
        "POST /head HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "POST * HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: -1\r\n",
        "GET /head HTTP/1.1\r\nHost: a\r\nX : y\r\n"}) {
    Client& client = connect();
    client.peer.send(head + "\r\n");
    const Answer answer = answer_of(client);
    EXPECT_EQ(answer.status(), 400) << head;
    EXPECT_TRUE(answer.has("Connection: close")) << head;
    client.peer.close();
    EXPECT_TRUE(ends(client));
  }
  EXPECT_EQ(handler_.asked_now, 0);
}

TEST_F(ConnectionQuestionTest, ElsewhereTheSameHeadsAreRefused) {
  for (const std::string head :
       {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n", "DELETE * HTTP/1.1\r\nHost: a\r\n",
        "GET http://b/now HTTP/1.1\r\nHost: a\r\n",
        "GET /now HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n"}) {
    Client& client = connect();
    client.peer.send(head + "\r\n");
    EXPECT_EQ(answer_of(client).status(), 400) << head;
    client.peer.close();
    EXPECT_TRUE(ends(client));
  }
  EXPECT_EQ(handler_.asked_now, 0);
}

TEST_F(ConnectionQuestionTest, ExchangesSayThatTheirPeerIsAtAUnixSocket) {
  for (const bool is_unix : {true, false}) {
    origin_ = {net::IpAddress{}, is_unix};
    Client& client = connect();
    for (const std::string path : {"/now", "/slow"}) {
      client.peer.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
      if (path == "/slow") {
        ASSERT_TRUE(rig_.until([this] { return handler_.slow_waiting == 1; }));
        test::wake_now(handler_.release);
      }
      EXPECT_EQ(answer_of(client).status(), 200);
      EXPECT_EQ(handler_.answering_unix_peer, is_unix) << path;
    }
  }
}

}  // namespace
}  // namespace latchkey::http
