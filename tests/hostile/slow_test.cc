// Clients that take their time. Each is cut off by the deadline of its phase, however steadily it goes on,
// and its place is given to another. The server's deadlines are short. The tests wait for them, and never
// assert how soon they come.
#include "hostile/stage.h"

namespace latchkey::test {
namespace {

using std::chrono::milliseconds;

/// Sends `piece` repeatedly until the server answers or closes. Returns false if it never does.
bool goes_on_until_stopped(HttpClient& client, const std::string& piece) {
  constexpr int kMostPieces = 10'000;
  constexpr milliseconds kPause{12};
  for (int i = 0; i < kMostPieces; ++i) {
    if (client.has_answer_within(kPause)) return true;
    client.send(piece);
  }
  return false;
}

class Slow : public HostileAtEveryListener {
 protected:
  Slow() : HostileAtEveryListener(impatient_server()) {}

  void expect_cut_off(const std::string& begin, const std::string& piece, const std::string& reason) {
    SCOPED_TRACE(begin);
    HttpClient client(door_);
    client.send(begin);
    ASSERT_TRUE(goes_on_until_stopped(client, piece));
    const Response response = client.receive();
    EXPECT_EQ(response.status, 408);
    EXPECT_EQ(response.body, detail(reason));
    EXPECT_EQ(response.value("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_server());
    witness_.expect_served();
  }
};

INSTANTIATE_TEST_SUITE_P(At, Slow, ::testing::ValuesIn(kEveryListener), listener_name);

TEST_P(Slow, AHeadIsCutOffWhereverItDribbles) {
  const std::string reason = "the head of the request did not arrive in time";
  expect_cut_off("G", "E", reason);
  expect_cut_off("GET /", "a", reason);
  expect_cut_off("GET / HTTP/1.1\r\n", "X:\r\n", reason);
  expect_cut_off("GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "x", reason);
}

TEST_P(Slow, ABodyIsCutOffWhereverItDribbles) {
  if (asks(GetParam())) GTEST_SKIP() << "the body of a question is not waited for";
  const std::string reason = "the body did not arrive in time";
  expect_cut_off(ping_with("Content-Length: 65536\r\n"), "b", reason);
  const std::string chunked = ping_in_chunks("");
  expect_cut_off(chunked, "1\r\nc\r\n", reason);
  expect_cut_off(chunked + "1;", "e", reason);
  expect_cut_off(chunked + "8000\r\n", "c", reason);
  expect_cut_off(chunked + "0\r\n", "X: trailer\r\n", reason);
}

TEST_P(Slow, AHeadAndABodyThatStopAreCutOff) {
  for (const std::string& begin :
       {std::string("GET / HTTP/1.1\r\nHost: loc"), ping_with("Content-Length: 10\r\n", "{"),
        ping_in_chunks("5\r\nab"), ping_with("Expect: 100-continue\r\nContent-Length: 2\r\n")}) {
    SCOPED_TRACE(begin);
    HttpClient client(door_);
    client.send(begin);
    const Response response = client.receive();
    // A question is answered as soon as its head is there.
    const bool is_answered = asks(GetParam()) && begin.find("\r\n\r\n") != std::string::npos;
    EXPECT_EQ(is_answered ? is_refusal(response.status) : response.status == 408, true) << response.status;
    EXPECT_TRUE(client.is_closed_by_server());
  }
}

class SlowProxy : public Hostile {
 protected:
  SlowProxy() : Hostile(impatient_server()) {}
};

TEST_F(SlowProxy, AHeaderThatDribblesEndsTheConnectionWithoutAWord) {
  HttpClient client(server_.proxy_port());
  client.send("PROXY UNKNOWN ");
  EXPECT_EQ(client.read_to_end(), "");
}

/// How many of `asked` answers come before the connection ends. Throws ClientTimeout if it does not end.
int answers_before_the_end(HttpClient& client, int asked) {
  for (int i = 0; i < asked; ++i) {
    try {
      client.receive();
    } catch (const ClientTimeout&) {
      throw;
    } catch (const ClientError&) {
      return i;
    }
  }
  return asked;
}

TEST(SlowReader, ThatTakesNothingLosesItsPlaceAndItsAnswers) {
  ServerOptions options;
  options.flags = {"--write-timeout", "300ms", "--connections", "4"};
  OwnServer server(options);
  const std::uint16_t port = server.process.port();
  Witness witness(server.process);
  // Far more than the kernel buffers between the two.
  constexpr int kRequests = 3000;
  std::string train;
  for (int i = 0; i < kRequests; ++i) train += get("/api/openapi.json");
  // Together with the witness they take all the places that the server has.
  std::vector<HttpClient> deaf;
  for (int i = 0; i < 3; ++i) {
    deaf.emplace_back(port);
    deaf.back().send(train);
  }
  witness.expect_served();
  const auto is_let_in = [port] {
    try {
      HttpClient other(port);
      return other.request("GET", kPingPath).status == 200;
    } catch (const ClientError&) {
      return false;
    }
  };
  const auto patience_ends = std::chrono::steady_clock::now() + kPatience;
  bool has_place = is_let_in();
  while (!has_place && std::chrono::steady_clock::now() < patience_ends) {
    witness.expect_served();
    has_place = is_let_in();
  }
  ASSERT_TRUE(has_place) << "the server kept the places of those who do not read";
  EXPECT_LT(answers_before_the_end(deaf.front(), kRequests), kRequests);
}

// After a refusal a client gets a little time to fall silent, and may send only so much more.
TEST_P(Slow, AClientThatGoesOnAfterItsRefusalIsCutOff) {
  HttpClient client(door_);
  client.send(ping_with("X : x\r\n"));
  EXPECT_EQ(client.receive().status, 400);
  const std::string more(65536, 'x');
  bool is_cut_off = false;
  for (int i = 0; i < 4096 && !is_cut_off; ++i) {
    try {
      client.send(more);
    } catch (const ClientTimeout& timeout) {
      FAIL() << timeout.what();
    } catch (const ClientError&) {
      is_cut_off = true;
    }
  }
  EXPECT_TRUE(is_cut_off);
}

class Crowd : public HostileAtEveryListener {};
INSTANTIATE_TEST_SUITE_P(At, Crowd, ::testing::ValuesIn(kEveryListener), listener_name);

TEST_P(Crowd, OfUnfinishedRequestsDelaysNobody) {
  constexpr int kClients = 200;
  const std::string beginnings[] = {
      "",
      "GET /api/v2/",
      "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(8000, 'x'),
      ping_with("Content-Length: 60000\r\n", std::string(30000, 'b')),
      ping_in_chunks("8000\r\n" + std::string(16000, 'c')),
      ping_in_chunks("0\r\nX: trailer\r\n"),
  };
  std::vector<HttpClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back(door_);
    clients.back().send(beginnings[static_cast<std::size_t>(i) % std::size(beginnings)]);
    witness_.expect_served();
  }
  for (HttpClient& client : clients) client.reset();
}

}  // namespace
}  // namespace latchkey::test
