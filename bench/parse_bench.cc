// What it costs to read a request: the head, with both versions of the parser, and a login's body.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <string_view>

#include "latchkey/http/json_fields.h"
#include "latchkey/http/request_parser.h"

namespace latchkey::http {
namespace {

constexpr std::string_view kCheck =
    "GET /auth/verify HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\n"
    "Authorization: Token 8f17825cf08a7efea124f2638f3896f6637f8745\r\nAccept: */*\r\n\r\n";

constexpr std::string_view kBrowser =
    "GET /api/v2/authtoken/?format=api&next=%2Fapi%2Fv2%2Fme%2F HTTP/1.1\r\nHost: tower.example.com\r\n"
    "Connection: keep-alive\r\nCache-Control: max-age=0\r\n"
    "sec-ch-ua: \"Chromium\";v=\"124\", \"Google Chrome\";v=\"124\", "
    "\"Not-A.Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: "
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: "
    "document\r\n"
    "Referer: https://tower.example.com/api/v2/\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"
    "Cookie: csrftoken=Wq1m8xYc2R0tN4kP6sV9zB3eH5jL7uA; "
    "token=%228f17825cf08a7efea124f2638f3896f6637f8745%22\r\n\r\n";

constexpr std::string_view kLogin = R"({"username": "admin", "password": "correct horse battery staple"})";

using Parser = ParseResult (*)(std::string_view, std::size_t, const HeadLimits&, RequestHead&) noexcept;

void parse_head(benchmark::State& state, Parser parser, std::string_view text) {
  const HeadLimits limits;
  RequestHead head;
  for (auto _ : state) {
    const ParseResult result = parser(text, 0, limits, head);
    if (result.status != ParseResult::Status::kComplete) {
      state.SkipWithError("the request was not parsed");
      break;
    }
    benchmark::DoNotOptimize(head);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void parse_login(benchmark::State& state) {
  constexpr std::array<std::string_view, 2> kNames = {"username", "password"};
  JsonFieldDecoder decoder(65536);
  std::array<Field, 2> fields;
  for (auto _ : state) {
    const DecodeResult result = decoder.decode(kLogin, kNames, fields);
    if (result.status != DecodeResult::Status::kDecoded) {
      state.SkipWithError("the body was not decoded");
      break;
    }
    decoder.wipe();
    benchmark::DoNotOptimize(fields);
  }
}

BENCHMARK_CAPTURE(parse_head, check_simd, parse_request_head, kCheck);
BENCHMARK_CAPTURE(parse_head, check_plain, parse_request_head_plain, kCheck);
BENCHMARK_CAPTURE(parse_head, browser_simd, parse_request_head, kBrowser);
BENCHMARK_CAPTURE(parse_head, browser_plain, parse_request_head_plain, kBrowser);
BENCHMARK(parse_login);

}  // namespace
}  // namespace latchkey::http

BENCHMARK_MAIN();
