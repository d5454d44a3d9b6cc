// HTTP/1.1 as clients really send it: in pieces, pipelined, held back, broken off, and crafted to be misread.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/rig.h"

namespace latchkey::test {
namespace {

std::string login_bytes(const std::string& agent) {
  return request_bytes("POST", kTokenPath, {{"Content-Type", kJsonType}, {"User-Agent", agent}},
                       login_json(kUser, kPassword));
}

std::string check_bytes(const std::string& token, const std::string& agent) {
  return request_bytes("GET", kVerifyPath, {{"Authorization", "Token " + token}, {"User-Agent", agent}});
}

class Http : public ::testing::Test {
 protected:
  std::uint16_t port_ = common_server().port();
  HttpClient client_{port_};
};

TEST_F(Http, PipelinedRequestsAreAnsweredInTheirOrder) {
  const std::string agent = own_agent();
  const std::string token = obtain_token(client_, agent);
  constexpr int kRequests = 16;
  std::string train;
  for (int i = 0; i < kRequests; ++i) {
    // A mix of checks, a resource that asks the directory, logins, and unknown paths: some answered at once,
    // some after a wait.
    if (i % 4 == 0) train += check_bytes(token, agent);
    if (i % 4 == 1)
      train += request_bytes("GET", kMePath, {{"Authorization", "Token " + token}, {"User-Agent", agent}});
    if (i % 4 == 2) train += login_bytes(agent);
    if (i % 4 == 3) train += request_bytes("GET", "/nowhere/" + std::to_string(i));
  }
  client_.send(train);
  for (int i = 0; i < kRequests; ++i) {
    const Response response = client_.receive();
    EXPECT_EQ(response.status, i % 4 == 3 ? 404 : 200) << i;
    EXPECT_EQ(response.lines("X-Auth-User"), i % 4 == 0 ? 1U : 0U) << i;
    EXPECT_EQ(response.body.starts_with(R"({"count":1)"), i % 4 == 1) << i;
    EXPECT_EQ(response.body.starts_with(R"({"token":")"), i % 4 == 2) << i;
  }
}

TEST_F(Http, ALongTrainOfChecksIsAnsweredWhole) {
  const std::string agent = own_agent();
  const std::string token = obtain_token(client_, agent);
  constexpr int kRequests = 2000;
  std::string train;
  for (int i = 0; i < kRequests; ++i) train += check_bytes(token, agent);
  std::thread sender([this, &train] { client_.send(train); });
  int admitted = 0;
  for (int i = 0; i < kRequests; ++i) admitted += client_.receive().status == 200 ? 1 : 0;
  sender.join();
  EXPECT_EQ(admitted, kRequests);
}

TEST_F(Http, ARequestInSingleBytesIsTaken) {
  const std::string agent = own_agent();
  for (const char byte : login_bytes(agent)) client_.send(std::string_view(&byte, 1));
  const std::string token = token_in(client_.receive());
  for (const char byte : check_bytes(token, agent)) client_.send(std::string_view(&byte, 1));
  EXPECT_EQ(client_.receive().status, 200);
}

TEST_F(Http, AChunkedLoginIsTakenWhereverItIsCut) {
  const std::string body = login_json(kUser, kPassword);
  const std::string head =
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "User-Agent: " +
      own_agent() + "\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string chunks;
  for (const char c : body) chunks.append("1;x=\"y\"\r\n").append(1, c).append("\r\n");
  chunks.append("000\r\nTrailer: value\r\n\r\n");
  const std::string token = obtain_token(client_, own_agent());
  client_.send(head + chunks + login_bytes(own_agent()));
  EXPECT_EQ(token_in(client_.receive()), token);
  EXPECT_EQ(token_in(client_.receive()), token) << "the request behind the chunks";
  client_.send(head);
  for (const char byte : chunks) client_.send(std::string_view(&byte, 1));
  EXPECT_EQ(token_in(client_.receive()), token);
}

TEST_F(Http, ABodyThatIsHeldBackIsAskedFor) {
  const std::string body = login_json(kUser, kPassword);
  client_.send(
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  const Response interim = client_.receive_any();
  EXPECT_EQ(interim.status, 100);
  EXPECT_TRUE(interim.headers.empty());
  client_.send(body);
  EXPECT_EQ(client_.receive_any().status, 200);
}

TEST_F(Http, ABodyThatIsTooLongIsNotAskedFor) {
  client_.send(
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: 10000000\r\n\r\n");
  EXPECT_EQ(client_.receive_any().status, 413);
}

TEST_F(Http, AClientThatHasSentAllAndHalfClosedIsAnswered) {
  const std::string agent = own_agent();
  client_.send(login_bytes(agent) + request_bytes("GET", "/api/v2/ping/"));
  client_.finish_sending();
  EXPECT_EQ(client_.receive().status, 200);
  EXPECT_EQ(client_.receive().status, 200);
  EXPECT_TRUE(client_.is_closed_by_server());
}

TEST_F(Http, AnHttp10ClientIsAnsweredAndTheConnectionClosed) {
  client_.send("GET /api/v2/ping/ HTTP/1.0\r\n\r\n");
  const Response response = client_.receive();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.value("Connection"), "close");
  EXPECT_TRUE(client_.is_closed_by_server());
}

TEST_F(Http, AnHttp10ClientMayAskToKeepTheConnection) {
  client_.send("GET /api/v2/ping/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client_.receive().value("Connection"), "keep-alive");
  EXPECT_EQ(client_.request("GET", "/api/v2/ping/").status, 200);
}

TEST_F(Http, AClientMayAskToCloseTheConnection) {
  for (const auto& [target, status] : {std::pair{"/api/v2/ping/", 200}, std::pair{kVerifyPath, 401}}) {
    HttpClient client(port_);
    const Response response = client.request("GET", target, {{"Connection", "close"}});
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.value("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_server());
  }
  HttpClient login(port_);
  EXPECT_EQ(
      post_login(login, "{}", {{"Content-Type", kJsonType}, {"Connection", "close"}}).value("Connection"),
      "close");
  EXPECT_TRUE(login.is_closed_by_server());
}

TEST_F(Http, AnEmptyLineBeforeARequestIsPassedOver) {
  client_.send("\r\n" + request_bytes("GET", "/api/v2/ping/") + "\r\n" +
               request_bytes("GET", "/api/v2/ping/"));
  EXPECT_EQ(client_.receive().status, 200);
  EXPECT_EQ(client_.receive().status, 200);
}

TEST_F(Http, WhatTwoServersCouldReadTwoWaysIsRefusedAndTheConnectionClosed) {
  const std::string get = "GET /api/v2/ping/ HTTP/1.1\r\nHost: localhost\r\n";
  const std::string post =
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  const std::string smuggled = request_bytes("GET", "/smuggled");
  for (const std::string& bytes :
       {post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
        post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
        post + "Content-Length: 2, 2\r\n\r\n{}" + smuggled,
        post + "Content-Length: +2\r\n\r\n{}" + smuggled,
        post + "Content-Length: 0x2\r\n\r\n{}" + smuggled,
        post + "Content-Length: 99999999999999999999\r\n\r\n",
        post + "Content-Length : 2\r\n\r\n{}" + smuggled,
        post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + smuggled,
        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
        post + "Transfer-Encoding:\r\n\r\n" + smuggled,
        post + "Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        get + " folded: x\r\n\r\n" + smuggled,
        get + "X: a\r\n b\r\n\r\n" + smuggled,
        get + "X: a\nY: b\r\n\r\n" + smuggled,
        get + "X: a\rY: b\r\n\r\n" + smuggled,
        get + std::string("X: a\0b\r\n\r\n", 10) + smuggled,
        get + "Host: other\r\n\r\n" + smuggled,
        std::string("GET /api/v2/ping/ HTTP/1.1\r\n\r\n") + smuggled,
        "GET  /api/v2/ping/ HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled,
        "GET /api/v2/ping/\r\n\r\n" + smuggled,
        "GET http://other/api/v2/ping/ HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled,
        "GET /api/v2/ping/ HTTP/1.1 \r\nHost: x\r\n\r\n" + smuggled,
        "GET /\x80 HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled,
        "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n" + smuggled,
        std::string("\x16\x03\x01\x02\x00\x01\x00", 7)}) {
    SCOPED_TRACE(bytes.substr(0, 160));
    HttpClient client(port_);
    client.send(bytes);
    const Response response = client.receive();
    EXPECT_EQ(response.status, 400) << response.body;
    EXPECT_TRUE(response.body.starts_with(R"({"detail":")")) << response.body;
    EXPECT_EQ(response.value("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_server()) << "what stands behind was read as a request";
  }
}

TEST_F(Http, WhatItCannotDoIsRefusedByItsStatus) {
  const std::string post = "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\n";
  for (const auto& [bytes, status] :
       {std::pair<std::string, int>{post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        {post + "Expect: magic\r\nContent-Length: 2\r\n\r\n{}", 417}}) {
    HttpClient client(port_);
    client.send(bytes);
    EXPECT_EQ(client.receive().status, status);
    EXPECT_TRUE(client.is_closed_by_server());
  }
}

TEST_F(Http, AnOversizedHeadIsRefused) {
  client_.send("GET /api/v2/ping/ HTTP/1.1\r\nHost: localhost\r\nX-Long: " + std::string(40'000, 'a'));
  EXPECT_EQ(client_.receive().status, 431);
  EXPECT_TRUE(client_.is_closed_by_server());

  HttpClient with_many(port_);
  std::string many = "GET /api/v2/ping/ HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 100; ++i) many += "X-" + std::to_string(i) + ": x\r\n";
  with_many.send(many + "\r\n");
  EXPECT_EQ(with_many.receive().status, 431);

  HttpClient with_target(port_);
  with_target.send("GET /" + std::string(40'000, 'a') + " HTTP/1.1\r\n");
  EXPECT_EQ(with_target.receive().status, 414);
}

TEST_F(Http, AResetInTheMiddleOfARequestLeavesOthersUndisturbed) {
  const std::string agent = own_agent();
  const std::string token = obtain_token(client_, agent);
  const std::string request = login_bytes(agent);
  for (std::size_t cut = 0; cut <= request.size(); cut += 7) {
    HttpClient other(port_);
    other.send(std::string_view(request).substr(0, cut));
    other.reset();
    ASSERT_EQ(use_token(client_, token, agent).status, 200);
  }
  for (int i = 0; i < 20; ++i) {
    // The client leaves before the answer to a check, and to a login that waits for its hash.
    HttpClient other(port_);
    other.send(check_bytes(token, agent) + login_bytes(agent + std::to_string(i)));
    other.reset();
  }
  EXPECT_EQ(use_token(client_, token, agent).status, 200);
}

TEST_F(Http, AClientThatDoesNotReadDelaysNobody) {
  const std::string agent = own_agent();
  const std::string token = obtain_token(client_, agent);
  std::vector<HttpClient> deaf;
  std::string train;
  for (int i = 0; i < 200; ++i) train += check_bytes(token, agent);
  for (int i = 0; i < 8; ++i) {
    deaf.emplace_back(port_);
    deaf.back().send(train);
  }
  for (int i = 0; i < 8; ++i) {
    HttpClient other(port_);
    EXPECT_EQ(use_token(other, token, agent).status, 200);
  }
}

TEST(Deadline, AHeadThatDoesNotArriveIsAnsweredWith408AndTheConnectionClosed) {
  ServerOptions options;
  options.flags = {"--header-timeout", "300ms", "--body-timeout", "300ms", "--idle-timeout", "300ms"};
  OwnServer server(options);
  const std::uint16_t port = server.process.port();

  HttpClient silent(port);
  EXPECT_TRUE(silent.is_closed_by_server()) << "a connection without a request is closed without a word";

  HttpClient half(port);
  half.send("GET /api/v2/ping/ HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(half.receive().status, 408);
  EXPECT_TRUE(half.is_closed_by_server());

  HttpClient held(port);
  held.send("POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{");
  EXPECT_EQ(held.receive().status, 408);
  EXPECT_TRUE(held.is_closed_by_server());
}

TEST(Deadline, AHeadThatDribblesIsCutOffThoughEveryByteIsInTime) {
  ServerOptions options;
  options.flags = {"--header-timeout", "1s"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  client.send("GET /api/v2/ping/ HTTP/1.1\r\nHost: localhost\r\nX: ");
  // One byte per 100 ms, for far longer than a head may take.
  for (int i = 0; i < 600 && !client.has_answer_within(std::chrono::milliseconds(100)); ++i) client.send("a");
  EXPECT_EQ(client.receive().status, 408);
}

}  // namespace
}  // namespace latchkey::test
