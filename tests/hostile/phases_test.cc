// Clients that stop or leave at any point of a request (RFC 9112 sections 8 and 9.5): half-closed, reset, or
// gone without a word.
#include "hostile/stage.h"

namespace latchkey::test {
namespace {

/// Logins of every framing. Each has a head, a body and an end to cut at.
std::vector<std::string> whole_logins() {
  const std::string body = login_json(kUser, kPassword);
  const std::string head =
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n"
      "Content-Type: application/json\r\n";
  return {
      head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
      head + "Transfer-Encoding: chunked\r\n\r\n" + chunk_of(body.substr(0, 7)) + "1;a=\"b\"\r\n" + body[7] +
          "\r\n" + chunk_of(body.substr(8)) + "0;c\r\nX: trailer\r\n\r\n",
  };
}

class Phase : public HostileAtEveryListener {};
INSTANTIATE_TEST_SUITE_P(At, Phase, ::testing::ValuesIn(kEveryListener), listener_name);

using ProxyPhase = Hostile;

// RFC 9112 section 8: an incomplete request is not answered as if it were complete.
TEST_P(Phase, AHalfCloseWithinARequestEndsTheConnectionWithoutAWord) {
  for (const std::string& login : whole_logins()) {
    // A question is whole with its head.
    const std::size_t whole = asks(GetParam()) ? login.find("\r\n\r\n") + 4 : login.size();
    for (std::size_t cut = 0; cut < whole; ++cut) {
      ASSERT_EQ(said_until_closed(door_, std::string_view(login).substr(0, cut)), "") << "cut at " << cut;
    }
  }
}

TEST_P(Phase, AHalfCloseWithinTheBodyOfAQuestionMakesNoDifference) {
  if (!asks(GetParam())) GTEST_SKIP() << "here a body is waited for";
  for (const std::string& login : whole_logins()) {
    for (std::size_t cut = login.find("\r\n\r\n") + 4; cut <= login.size(); ++cut) {
      HttpClient client(door_);
      client.send(std::string_view(login).substr(0, cut));
      client.finish_sending();
      ASSERT_TRUE(is_refusal(client.receive().status)) << "cut at " << cut;
      ASSERT_TRUE(client.is_closed_by_server()) << "cut at " << cut;
    }
  }
}

TEST_P(Phase, AHalfCloseBehindARequestIsAnswered) {
  for (const std::string& login : whole_logins()) {
    HttpClient client(door_);
    client.send(login);
    client.finish_sending();
    expect_status(GetParam(), 200, client.receive());
    EXPECT_TRUE(client.is_closed_by_server());
  }
}

TEST_P(Phase, AHalfCloseWithinTheSecondRequestLeavesTheFirstAnAnswer) {
  const std::string ping = get(kPingPath);
  for (std::size_t cut = 0; cut < ping.size(); ++cut) {
    HttpClient client(door_);
    client.send(ping + ping.substr(0, cut));
    client.finish_sending();
    expect_status(GetParam(), 200, client.receive());
    ASSERT_TRUE(client.is_closed_by_server()) << "cut at " << cut;
  }
}

TEST_P(Phase, AResetAtAnyByteDisturbsNobody) {
  for (const std::string& login : whole_logins()) {
    for (std::size_t cut = 0; cut <= login.size(); ++cut) {
      HttpClient client(door_);
      client.send(std::string_view(login).substr(0, cut));
      client.reset();
      if (cut % 16 == 0) witness_.expect_served();
    }
  }
}

TEST_P(Phase, AResetAfterARefusalDisturbsNobody) {
  for (int i = 0; i < 50; ++i) {
    HttpClient client(door_);
    client.send(ping_with("X : x\r\n") + std::string(1000, 'x'));
    // Alternately before and after the answer has come.
    if (i % 2 == 0) client.receive();
    client.reset();
  }
}

TEST_P(Phase, AResetWithAnswersOnTheirWayDisturbsNobody) {
  std::string train;
  for (int i = 0; i < 200; ++i) train += get("/api/openapi.json");
  for (int i = 0; i < 8; ++i) {
    HttpClient client(door_);
    client.send(train);
    client.receive();
    client.reset();
    witness_.expect_served();
  }
}

// The PROXY protocol is a phase of its own (C-34). A connection that does not begin with it is closed
// unanswered.
TEST_F(ProxyPhase, AHalfCloseWithinAProxyHeaderEndsTheConnectionWithoutAWord) {
  const std::string first = "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n";
  const std::string second = literal("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\xdc\4\1\xbb");
  for (const std::string& header : {first, second}) {
    for (std::size_t cut = 0; cut < header.size(); ++cut) {
      ASSERT_EQ(said_until_closed(server_.proxy_port(), std::string_view(header).substr(0, cut)), "")
          << "cut at " << cut;
    }
    HttpClient client(server_.proxy_port());
    client.send(header + get(kPingPath));
    EXPECT_EQ(client.receive().status, 200);
  }
}

TEST_F(ProxyPhase, ABrokenProxyHeaderEndsTheConnectionWithoutAWord) {
  for (const std::string& header :
       {get(kPingPath), std::string("PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n"),
        std::string("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\n"), "PROXY TCP4 " + std::string(200, '1'),
        std::string("PROXY TCP6 192.0.2.1 192.0.2.2 56324 443\r\n"),
        literal("\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\xdc\4\1\xbb"),
        literal("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x04\xc0\0\2\1"),
        literal("\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff")}) {
    SCOPED_TRACE(header);
    HttpClient client(server_.proxy_port());
    client.send(header);
    EXPECT_EQ(client.read_to_end(), "");
  }
}

}  // namespace
}  // namespace latchkey::test
