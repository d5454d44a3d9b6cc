// The SIMD parser and its plain twin must behave as one parser for any bytes, however they are cut.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "http/scan.h"
#include "latchkey/http/request_parser.h"

namespace latchkey::http {
namespace {

using Status = ParseResult::Status;
using Engine = std::mt19937_64;

constexpr int kMutants = 20'000;

std::size_t below(Engine& engine, std::size_t bound) { return static_cast<std::size_t>(engine() % bound); }

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> kSeeds = {
      "GET /auth/verify HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\n"
      "Authorization: Token 8f17825cf08a7efea124f2638f3896f6637f8745\r\nAccept: */*\r\n\r\n",
      "POST /api/v2/authtoken/?format=json HTTP/1.1\r\nHost: [::1]:80\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: keep-alive, "
      "x\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      "\r\nDELETE http://a.example/api/v1/authtoken/ HTTP/1.0\r\nHost: a.example\r\nContent-Length: 12\r\n"
      "Cookie: token=%22abc%22; sessionid=0123456789\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2\r\nForwarded: "
      "for=\"[::1]\"\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost:\r\nX-A~Rather!Long#Name$With%All&Kinds'Of*Characters: "
      "J\xc3\xbcrgen\t\xff\r\n\r\n",
  };
  return kSeeds;
}

std::string mutated(Engine& engine) {
  static constexpr std::array<const char*, 16> kPieces = {"\r\n",
                                                          "\n",
                                                          "\r",
                                                          " ",
                                                          "\t",
                                                          ":",
                                                          "?",
                                                          "#",
                                                          "Host: b\r\n",
                                                          "Content-Length: 3\r\n",
                                                          "Transfer-Encoding: chunked\r\n",
                                                          "\r\n\r\n",
                                                          "\x7f",
                                                          "\x80",
                                                          "\x1f",
                                                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
  std::string text = seeds()[below(engine, seeds().size())];
  for (std::size_t rounds = below(engine, 4); rounds > 0 && !text.empty(); --rounds) {
    const std::size_t at = below(engine, text.size());
    switch (below(engine, 5)) {
      case 0:
        text[at] = static_cast<char>(below(engine, 256));
        break;
      case 1:
        text.erase(at, 1 + below(engine, 20));
        break;
      case 2:
        text.insert(at, kPieces[below(engine, kPieces.size())]);
        break;
      case 3:
        text.resize(at);
        break;
      default:
        text[at] = static_cast<char>(text[at] ^ 0x20);
        break;
    }
  }
  return text;
}

/// A copy whose bytes end where its memory ends, so that AddressSanitizer notices a load beyond them.
std::unique_ptr<char[]> exact_copy(const std::string& text) {
  auto copy = std::make_unique<char[]>(text.size());
  std::copy(text.begin(), text.end(), copy.get());
  return copy;
}

void expect_same_heads(const RequestHead& a, const RequestHead& b) {
  EXPECT_EQ(a.method, b.method);
  EXPECT_EQ(a.method_text, b.method_text);
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.path, b.path);
  EXPECT_EQ(a.query, b.query);
  EXPECT_EQ(a.minor_version, b.minor_version);
  EXPECT_EQ(a.body, b.body);
  EXPECT_EQ(a.content_length, b.content_length);
  EXPECT_EQ(a.keep_alive, b.keep_alive);
  EXPECT_EQ(a.expect_continue, b.expect_continue);
  ASSERT_EQ(a.header_count, b.header_count);
  for (std::size_t i = 0; i < a.header_count; ++i) {
    EXPECT_EQ(a.headers[i].name, b.headers[i].name);
    EXPECT_EQ(a.headers[i].value, b.headers[i].value);
    EXPECT_EQ(a.headers[i].known, b.headers[i].known);
  }
  for (std::size_t i = 0; i < kKnownHeaderCount; ++i) {
    EXPECT_EQ(a.known[i].first, b.known[i].first);
    EXPECT_EQ(a.known[i].lines, b.known[i].lines);
  }
}

TEST(ParserTwins, AgreeOnThousandsOfMutatedRequests) {
  Engine engine(20130905);
  int complete = 0;
  int refused = 0;
  RequestHead fast_head;
  RequestHead plain_head;
  for (int i = 0; i < kMutants && !HasFailure(); ++i) {
    const std::string text = mutated(engine);
    SCOPED_TRACE(text);
    const std::unique_ptr<char[]> copy = exact_copy(text);
    const std::string_view bytes(copy.get(), text.size());
    const std::size_t scanned_before = below(engine, 3) == 0 ? below(engine, text.size() + 1) : 0;
    const ParseResult fast = parse_request_head(bytes, scanned_before, {}, fast_head);
    const ParseResult plain = parse_request_head_plain(bytes, scanned_before, {}, plain_head);
    ASSERT_EQ(fast.status, plain.status);
    ASSERT_EQ(fast.head_bytes, plain.head_bytes);
    ASSERT_EQ(fast.refusal.http_status, plain.refusal.http_status);
    ASSERT_STREQ(fast.refusal.reason, plain.refusal.reason);
    if (fast.status == Status::kComplete) expect_same_heads(fast_head, plain_head);
    complete += fast.status == Status::kComplete ? 1 : 0;
    refused += fast.status == Status::kRefused ? 1 : 0;
  }
  EXPECT_GT(complete, kMutants / 10) << "the mutants must not all be hopeless";
  EXPECT_GT(refused, kMutants / 10);
}

TEST(ParserTwins, ScannersStopAtTheSameByteForEveryByteAtEveryPlace) {
  for (std::size_t size = 1; size <= 48; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[place] = static_cast<char>(byte);
        ASSERT_EQ(FastScan::token_end(text, 0), PlainScan::token_end(text, 0)) << byte;
        ASSERT_EQ(FastScan::target_end(text, 0), PlainScan::target_end(text, 0)) << byte;
        ASSERT_EQ(FastScan::path_end(text, 0), PlainScan::path_end(text, 0)) << byte;
        ASSERT_EQ(FastScan::value_end(text, 0), PlainScan::value_end(text, 0)) << byte;
      }
    }
  }
}

}  // namespace
}  // namespace latchkey::http
