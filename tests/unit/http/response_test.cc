#include "latchkey/http/response.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey::http {
namespace {

constexpr WallTime kSundayMorning{784'111'777'000};  // Sun, 06 Nov 1994 08:49:37 GMT, RFC 9110's own example
constexpr BootTime kStarted{5000};

class ResponseTest : public ::testing::Test {
 protected:
  ResponseTest() { lines_.set_time(kSundayMorning); }

  ResponseWriter writer(bool keep_alive = true, std::uint8_t minor_version = 1, bool head_only = false) {
    return ResponseWriter(out_, {lines_, kStarted, keep_alive, minor_version, head_only});
  }

  ServerLines lines_{"node-1"};
  std::string out_;
};

TEST_F(ResponseTest, AnAnswerIsTheseBytes) {
  ResponseWriter response = writer();
  response.status(200).header("Auth-Token-Timeout", 1800).header("Pragma", "no-cache");
  response.body("application/json", "{\"a\":1}", BootTime{5106});
  EXPECT_EQ(out_,
            "HTTP/1.1 200 OK\r\n"
            "Auth-Token-Timeout: 1800\r\n"
            "Pragma: no-cache\r\n"
            "X-API-Node: node-1\r\n"
            "X-API-Time: 0.106s\r\n"
            "Vary: Accept\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 7\r\n"
            "\r\n"
            "{\"a\":1}");
  EXPECT_TRUE(response.finished());
  EXPECT_EQ(response.status_code(), 200);
}

TEST_F(ResponseTest, AnAnswerWithoutContentHasNoLength) {
  ResponseWriter response = writer();
  response.status(204).no_body(kStarted);
  EXPECT_EQ(out_,
            "HTTP/1.1 204 No Content\r\nX-API-Node: node-1\r\nX-API-Time: 0.000s\r\nVary: Accept\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

TEST_F(ResponseTest, AnEmptyAnswerOfAnotherStatusHasTheLengthZero) {
  ResponseWriter response = writer();
  response.status(308).header("Location", "/api/v2/authtoken/").no_body(kStarted);
  EXPECT_EQ(out_,
            "HTTP/1.1 308 Permanent Redirect\r\nLocation: /api/v2/authtoken/\r\nX-API-Node: node-1\r\n"
            "X-API-Time: 0.000s\r\nVary: Accept\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: "
            "0\r\n\r\n");
}

TEST_F(ResponseTest, TheAnswerToHeadSaysTheLengthAndSendsNoBody) {
  ResponseWriter response = writer(true, 1, true);
  response.status(404).body("application/json", "{\"detail\":\"Not found.\"}", kStarted);
  EXPECT_TRUE(out_.ends_with("Content-Length: 23\r\n\r\n"));
}

TEST_F(ResponseTest, AnswersStandOneBehindTheOther) {
  writer().status(204).no_body(kStarted);
  const std::size_t first_bytes = out_.size();
  writer().status(204).no_body(kStarted);
  EXPECT_EQ(out_.substr(first_bytes), out_.substr(0, first_bytes));
}

TEST_F(ResponseTest, TheLastAnswerOfAConnectionSaysSo) {
  writer(false).status(204).no_body(kStarted);
  EXPECT_NE(out_.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(ResponseTest, AHandlerMayMakeAnAnswerTheLast) {
  ResponseWriter response = writer();
  EXPECT_TRUE(response.keep_alive());
  response.status(204).close_after();
  response.no_body(kStarted);
  EXPECT_FALSE(response.keep_alive());
  EXPECT_NE(out_.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(ResponseTest, AClientOfTheOldVersionIsToldThatTheConnectionStays) {
  writer(true, 0).status(204).no_body(kStarted);
  EXPECT_NE(out_.find("Connection: keep-alive\r\n"), std::string::npos);
  out_.clear();
  writer(true, 1).status(204).no_body(kStarted);
  EXPECT_EQ(out_.find("Connection:"), std::string::npos);
}

TEST_F(ResponseTest, TheApiTimeHasThreeDecimalsAndStaysInRange) {
  const auto api_time = [this](std::int64_t ms) {
    out_.clear();
    writer().status(204).no_body(BootTime{kStarted.ms + ms});
    const std::size_t at = out_.find("X-API-Time: ") + 12;
    return out_.substr(at, out_.find('\r', at) - at);
  };
  EXPECT_EQ(api_time(0), "0.000s");
  EXPECT_EQ(api_time(7), "0.007s");
  EXPECT_EQ(api_time(42), "0.042s");
  EXPECT_EQ(api_time(1999), "1.999s");
  EXPECT_EQ(api_time(61'005), "61.005s");
  EXPECT_EQ(api_time(-5), "0.000s");
  EXPECT_EQ(api_time(2'000'000'000), "999999.999s");
}

TEST_F(ResponseTest, TheDateFollowsTheClockBySeconds) {
  lines_.set_time(WallTime{kSundayMorning.ms + 999});
  EXPECT_EQ(lines_.date(), "Sun, 06 Nov 1994 08:49:37 GMT");
  lines_.set_time(WallTime{kSundayMorning.ms + 1000});
  EXPECT_EQ(lines_.date(), "Sun, 06 Nov 1994 08:49:38 GMT");
  // If the wall clock is set back, the date goes back too.
  lines_.set_time(kSundayMorning);
  EXPECT_EQ(lines_.date(), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_F(ResponseTest, EveryStatusOfTheContractHasItsPhrase) {
  for (const int status : {200, 204, 301, 302, 303, 308, 400, 401, 403, 404, 405, 406,
                           408, 413, 414, 415, 417, 429, 431, 500, 501, 503, 505}) {
    EXPECT_NE(reason_phrase(status), "Unknown") << status;
  }
  EXPECT_EQ(reason_phrase(429), "Too Many Requests");
}

TEST(ResponseDeathTest, AnAnswerIsWrittenOnce) {
  const ServerLines lines("node-1");
  std::string out;
  ResponseWriter response(out, {lines, kStarted, true, 1, false});
  response.status(204).no_body(kStarted);
  EXPECT_DEATH(response.no_body(kStarted), "finished_");
  EXPECT_DEATH(response.status(200), "status_ == 0");
}

}  // namespace
}  // namespace latchkey::http
