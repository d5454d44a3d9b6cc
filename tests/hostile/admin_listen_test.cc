// Hostile clients of admin_listen. The main thread serves it alone, so none of them may keep it from
// answering others, and none disturbs a core.
#include "support/admin_listen.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "hostile/stage.h"

namespace latchkey::test {
namespace {

constexpr std::size_t kMostConnections = 16;
constexpr std::size_t kMaxHeadBytes = 8192;

class AdminListen : public Hostile {
 protected:
  Response ask(const std::string& path) const {
    HttpClient client(port_of_admin_);
    return client.request("GET", path);
  }

  /// Whether a new connection is served before patience ends.
  bool comes_to_be_served() const {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
      try {
        if (ask("/healthz").status == 200) return true;
      } catch (const ClientTimeout&) {
        return false;
      } catch (const ClientError&) {
      }
    }
    return false;
  }

  void TearDown() override {
    EXPECT_TRUE(comes_to_be_served());
    Hostile::TearDown();
  }

  const std::uint16_t port_of_admin_ = admin_port(server_);
};

TEST_F(AdminListen, AnswersPipelinedRequestsInTheirOrder) {
  HttpClient client(port_of_admin_);
  client.send(get("/healthz") + get("/nothing") + get("/metrics") + get("/readyz"));
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(client.receive().status, 404);
  EXPECT_TRUE(client.receive().body.starts_with("# HELP "));
  EXPECT_EQ(client.receive().body, R"({"status":"ready"})");
}

TEST_F(AdminListen, TakesNoBody) {
  for (
      const std::string bytes :
      {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx",
       "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n",
       "GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"}) {
    HttpClient client(port_of_admin_);
    client.send(bytes);
    EXPECT_EQ(client.receive().status, 413) << bytes;
    EXPECT_TRUE(client.is_closed_by_server());
  }
}

TEST_F(AdminListen, TakesAHeadOfItsOwnLength) {
  const std::string start = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ";
  const std::string end = "\r\n\r\n";
  for (const bool is_too_long : {false, true}) {
    HttpClient client(port_of_admin_);
    client.send(start + std::string(kMaxHeadBytes - start.size() - end.size() + (is_too_long ? 1 : 0), 'x') +
                end);
    EXPECT_EQ(client.receive().status, is_too_long ? 431 : 200);
  }
}

TEST_F(AdminListen, IsFullOfUnfinishedRequestsForAWhileAlone) {
  std::vector<HttpClient> slow;
  for (std::size_t i = 0; i < kMostConnections; ++i) {
    slow.emplace_back(port_of_admin_);
    slow.back().send("GET /metrics HTTP/1.1\r\nHost:");
    witness_.expect_served();
  }
  HttpClient outside(port_of_admin_);
  EXPECT_EQ(outside.read_to_end(), "");
  // Its deadlines end them, though they go on to send.
  EXPECT_TRUE(comes_to_be_served());
}

TEST_F(AdminListen, IsHeldUpByNobodyWhoReadsNoAnswer) {
  std::string train;
  for (int i = 0; i < 1500; ++i) train += get("/metrics");
  std::vector<HttpClient> deaf;
  for (std::size_t i = 0; i < kMostConnections - 1; ++i) {
    deaf.emplace_back(port_of_admin_);
    deaf.back().send(train);
  }
  EXPECT_EQ(ask("/healthz").status, 200);
  EXPECT_EQ(ask("/readyz").status, 200);
  // Nobody had to wait until the deadline of one of them freed what it held.
  for (const HttpClient& client : deaf) EXPECT_FALSE(client.was_reset());
  witness_.expect_served();
}

TEST_F(AdminListen, OutlivesResetsAtAnyByte) {
  const std::string request = get("/metrics");
  for (std::size_t bytes = 0; bytes <= request.size(); ++bytes) {
    HttpClient client(port_of_admin_);
    client.send(request.substr(0, bytes));
    client.reset();
  }
  for (int i = 0; i < 20; ++i) {
    HttpClient client(port_of_admin_);
    client.send(request + request + request);
    client.reset();
  }
}

TEST_F(AdminListen, OutlivesWhatTheFuzzersFoundWorthKeeping) {
  const char* const corpus = std::getenv("FUZZ_CORPUS");
  ASSERT_NE(corpus, nullptr) << "FUZZ_CORPUS is not set: run the tests by 'meson test'";
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    try {
      said_until_closed(port_of_admin_, bytes);
    } catch (const ClientTimeout& timeout) {
      FAIL() << entry.path() << ": " << timeout.what();
    } catch (const ClientError&) {
      // It closed while bytes were still on their way.
    }
    ++files;
  }
  EXPECT_GT(files, 50);
}

TEST_F(AdminListen, OutlivesRequestsWithRandomFaults) {
  std::mt19937 random(20130905);
  const std::string whole = get("/readyz?verbose") + get("/metrics");
  for (int round = 0; round < 500; ++round) {
    std::string bytes = whole;
    for (int faults = 0; faults < 3; ++faults)
      bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    try {
      said_until_closed(port_of_admin_, bytes);
    } catch (const ClientTimeout& timeout) {
      FAIL() << ::testing::PrintToString(bytes) << ": " << timeout.what();
    } catch (const ClientError&) {
    }
  }
}

}  // namespace
}  // namespace latchkey::test
