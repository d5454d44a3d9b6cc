// What the parser refuses, and with which status. Each row is a limit, or one way in which two servers could
// read a request differently. Both twins are tried on every row.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "latchkey/http/request_parser.h"

namespace latchkey::http {
namespace {

using Status = ParseResult::Status;

/// Returns 0 for a complete head and -1 for an incomplete one.
int status_of(std::string_view text, const HeadLimits& limits = {}) {
  RequestHead head;
  const ParseResult fast = parse_request_head(text, 0, limits, head);
  const ParseResult plain = parse_request_head_plain(text, 0, limits, head);
  EXPECT_EQ(fast.refusal.http_status, plain.refusal.http_status) << text;
  if (fast.status == Status::kRefused) {
    EXPECT_STRNE(fast.refusal.reason, "");
  }
  return fast.status == Status::kIncomplete ? -1 : fast.refusal.http_status;
}

/// Adds the request line and Host; the row brings the other field lines.
int status_of_lines(const std::string& lines, const std::string& version = "1.1") {
  return status_of("POST / HTTP/" + version + "\r\nHost: a\r\n" + lines + "\r\n");
}

int status_of_target(const std::string& target, const std::string& method = "GET") {
  return status_of(method + " " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
}

int status_of_host_lines(const std::string& lines) {
  return status_of("GET / HTTP/1.1\r\n" + lines + "\r\n");
}

std::string with_byte(std::string text, char mark, char byte) {
  text[text.find(mark)] = byte;
  return text;
}

TEST(RequestRefusal, RequestLineIsExact) {
  for (const char* text : {" GET / HTTP/1.1\r\n",
                           "GET  / HTTP/1.1\r\n",
                           "GET / HTTP/1.1 \r\n",
                           "GET /  HTTP/1.1\r\n",
                           "GET\t/ HTTP/1.1\r\n",
                           "GET /\r\n",
                           "GET\r\n",
                           "G@T / HTTP/1.1\r\n",
                           "(GET) / HTTP/1.1\r\n",
                           "GET / HTTP/1.1\n",
                           "GET / HTTP/1.1\rHost: a",
                           "GET / http/1.1\r\n",
                           "GET / HTTP/1,1\r\n",
                           "GET / HTTP/11\r\n",
                           "GET / HTTP/1.10\r\n",
                           "GET / HTTP/1.\r\n",
                           "GET / HTTP/a.1\r\n",
                           "GET / HTCPCP/1.0\r\n",
                           "GET / H\r\n",
                           "\r\n\r\nGET / HTTP/1.1\r\n",
                           "\nGET / HTTP/1.1\r\n",
                           "\rGET / HTTP/1.1\r\n",
                           "\x16\x03\x01\x02",
                           "\x80GET / HTTP/1.1\r\n"}) {
    EXPECT_EQ(status_of(text), 400) << text;
  }
}

TEST(RequestRefusal, MajorVersionOtherThanOneIs505) {
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/0.9\r\n"), 505);
  EXPECT_EQ(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
}

TEST(RequestRefusal, TargetHoldsVisibleAsciiWithoutFragment) {
  for (const char* target :
       {"/a#b", "#", "/\x7f", "/\xc3\xa9", "/a\tb", "/\x01", "/?a#", "/?\xff", "/\r", "/?a\nb"}) {
    EXPECT_EQ(status_of_target(target), 400) << target;
  }
  for (int position = 0; position < 40; ++position) {
    const std::string target =
        "/" + std::string(static_cast<std::size_t>(position), 'a') + "#" + std::string(40, 'b');
    EXPECT_EQ(status_of_target(target), 400) << target;
    EXPECT_EQ(status_of_target(with_byte(target, '#', '\0')), 400) << target;
  }
}

TEST(RequestRefusal, FormOfTargetFitsMethodAndHost) {
  EXPECT_EQ(status_of_target("a:443", "CONNECT"), 400);
  EXPECT_EQ(status_of_target("/", "CONNECT"), 400);
  EXPECT_EQ(status_of_target("*"), 400);
  EXPECT_EQ(status_of_target("*?x", "OPTIONS"), 400);
  EXPECT_EQ(status_of_target("**", "OPTIONS"), 400);
  for (const char* target :
       {"a", "a:80", "ftp://a/", "http:/a", "http:a", "http:///x", "http://b/", "http://a:80/",
        "http://user@a/", "//", "://a/", "http://", "?x", "xhttp://a/"}) {
    EXPECT_EQ(status_of_target(target), target == std::string_view("//") ? 0 : 400) << target;
  }
  EXPECT_EQ(status_of("GET http:///x HTTP/1.1\r\nHost:\r\n\r\n"), 400)
      << "an empty authority, though Host is empty too";
  EXPECT_EQ(status_of("GET http://a/ HTTP/1.0\r\n\r\n"), 400) << "an authority without a Host to agree with";
}

TEST(RequestRefusal, HostStandsOnceAndIsAHost) {
  EXPECT_EQ(status_of_host_lines(""), 400);
  EXPECT_EQ(status_of_host_lines("Host: a\r\nHost: a\r\n"), 400);
  EXPECT_EQ(status_of_host_lines("Host: a\r\nhost: b\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
  for (const char* host : {"a b",    "a/b",          "a@b",    "a,b",  "a:b",       "a:80:80",   "a:123456",
                           ":80",    "a\\b",         "\"a\"",  "<a>",  "a?b",       "a#b",       "[::1",
                           "::1",    "[]",           "[a]",    "[:]",  "[1.2.3.4]", "[1::2::3]", "[::1]a",
                           "[g::1]", "[::1%25eth0]", "a[::1]", "a%41", "\xc3\xa9"}) {
    EXPECT_EQ(status_of_host_lines("Host: " + std::string(host) + "\r\n"), 400) << host;
  }
}

TEST(RequestRefusal, FieldLinesAreExact) {
  for (const char* lines : {"X : y\r\n",
                            "X\t: y\r\n",
                            " X: y\r\n",
                            "\tX: y\r\n",
                            "X: y\r\n folded\r\n",
                            "X: y\r\n\tfolded\r\n",
                            ": y\r\n",
                            "X\r\n",
                            "X y\r\n",
                            "X@: y\r\n",
                            "X(: y\r\n",
                            "X\x80: y\r\n",
                            "X: y\n",
                            "X: y\rz\r\n",
                            "X: y\r\r\n",
                            "X: y\nZ: y\r\n",
                            "X: \x01\r\n",
                            "X: \x1f\r\n",
                            "X: \x7f\r\n",
                            "X: \x0b\r\n",
                            "\"X\": y\r\n",
                            "X\n: y\r\n"}) {
    EXPECT_EQ(status_of_lines(lines), 400) << lines;
  }
}

TEST(RequestRefusal, ControlCharacterIsSeenAtAnyPlaceInAValue) {
  for (std::size_t position = 0; position < 40; ++position) {
    const std::string lines = "X: " + std::string(position, 'v') + "@" + std::string(40, 'v') + "\r\n";
    for (const char byte : {'\0', '\x08', '\n', '\r', '\x1b', '\x7f'}) {
      EXPECT_EQ(status_of_lines(with_byte(lines, '@', byte)), 400) << position;
    }
    EXPECT_EQ(status_of_lines(with_byte(lines, '@', '\t')), 0) << position;
    EXPECT_EQ(status_of_lines(with_byte(lines, '@', '\xff')), 0) << position;
  }
}

TEST(RequestRefusal, ForbiddenCharacterIsSeenAtAnyPlaceInAName) {
  for (std::size_t position = 0; position < 40; ++position) {
    const std::string lines = std::string(position, 'n') + "@" + std::string(40, 'n') + ": v\r\n";
    for (const char byte : {'\0', ' ', '"', '(',  ')', ',', '/', ';',    '<',    '=',   '>',
                            '?',  '@', '[', '\\', ']', '{', '}', '\x7f', '\x80', '\xff'}) {
      EXPECT_EQ(status_of_lines(with_byte(lines, '@', byte)), 400) << position << byte;
    }
    EXPECT_EQ(status_of_lines(with_byte(lines, '@', '~')), 0) << position;
    EXPECT_EQ(status_of_lines(with_byte(lines, '@', '^')), 0) << position;
  }
}

TEST(RequestRefusal, ContentLengthIsOneNumber) {
  for (const char* value : {"", "-1", "+1", "1.0", "0x10", "1 1", "1,1", "5, 5", "a", "18446744073709551616",
                            "99999999999999999999", "1e3", "\xd9\xa1"}) {
    EXPECT_EQ(status_of_lines("Content-Length: " + std::string(value) + "\r\n"), 400) << value;
  }
  EXPECT_EQ(status_of_lines("Content-Length: 5\r\nContent-Length: 5\r\n"), 400) << "equal duplicates too";
}

TEST(RequestRefusal, TransferEncodingIsExactlyOneChunked) {
  EXPECT_EQ(status_of_lines("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400);
  EXPECT_EQ(status_of_lines("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(status_of_lines("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(status_of_lines("Transfer-Encoding: chunked, chunked\r\n"), 400);
  EXPECT_EQ(status_of_lines("Transfer-Encoding: chunked,\r\n"), 400);
  EXPECT_EQ(status_of_lines("Transfer-Encoding:\r\n"), 400);
  EXPECT_EQ(status_of_lines("Transfer-Encoding: chunked\r\n", "1.0"), 400);
  // Unless chunked is last, nobody can tell where the body ends (RFC 9112 section 6.3 rule 4).
  for (const char* coding : {"gzip", "chunked, gzip", "chunked, gzip,", "identity", "xchunked", "chunked;q=1",
                             "\"chunked\"", "chunke", "chunked chunked", ",", "gzip, chunked, x"}) {
    EXPECT_EQ(status_of_lines("Transfer-Encoding: " + std::string(coding) + "\r\n"), 400) << coding;
  }
  for (const char* coding : {"gzip, chunked", "gzip,chunked", "x, y, chunked", "chunked, gzip, chunked"}) {
    EXPECT_EQ(status_of_lines("Transfer-Encoding: " + std::string(coding) + "\r\n"), 501) << coding;
  }
}

TEST(RequestRefusal, OtherExpectationsAre417) {
  EXPECT_EQ(status_of_lines("Content-Length: 1\r\nExpect: 200-ok\r\n"), 417);
  EXPECT_EQ(status_of_lines("Content-Length: 1\r\nExpect: 100-continue, x\r\n"), 417);
  EXPECT_EQ(status_of_lines("Expect:\r\n"), 417);
}

TEST(RequestRefusal, HeadersOfWhichOneCountsStandOnce) {
  for (const char* name : {"Authorization", "X-Auth-Token", "Content-Type"}) {
    const std::string line = std::string(name) + ": x\r\n";
    EXPECT_EQ(status_of_lines(line), 0) << name;
    EXPECT_EQ(status_of_lines(line + line), 400) << name;
  }
}

TEST(RequestRefusal, CookiesAreAListOfSeveralLines) {
  EXPECT_EQ(status_of_lines("Cookie: x\r\nCookie: x\r\n"), 0);
}

TEST(RequestRefusal, LeavesThePathWhereTheBytesNameAResource) {
  const auto path_of = [](const std::string& text) {
    RequestHead head;
    // What an earlier request left behind must not be used.
    head.path = "/earlier";
    EXPECT_EQ(parse_request_head(text, 0, {}, head).status, Status::kRefused) << text;
    return head.path;
  };
  const std::string start = "GET /a?b HTTP/1.1\r\n";
  EXPECT_EQ(path_of(start + "Host: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n"), "/a");
  EXPECT_EQ(path_of(start + "Host: a\r\nContent-Length: x\r\n\r\n"), "/a");
  EXPECT_EQ(path_of(start + "\r\n"), "") << "without Host";
  EXPECT_EQ(path_of(start + "Host: a\r\nno colon\r\n\r\n"), "");
  EXPECT_EQ(path_of("GET http://[/a HTTP/1.1\r\nHost: a\r\n\r\n"), "");
  EXPECT_EQ(path_of("GET\r\n\r\n"), "");
}

TEST(RequestRefusal, LimitsAreExact) {
  const HeadLimits limits{.max_head_bytes = 200, .max_target_bytes = 50, .max_headers = 3};
  const auto target = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(status_of(target(50), limits), 0);
  EXPECT_EQ(status_of(target(51), limits), 414);
  EXPECT_EQ(status_of("GET /" + std::string(50, 'a'), limits), 414) << "before the line is whole";

  const std::string three = "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n";
  EXPECT_EQ(status_of(three + "\r\n", limits), 0);
  EXPECT_EQ(status_of(three + "C: 3\r\n\r\n", limits), 431);

  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
  const auto head = [&start](std::size_t size) {
    return start + std::string(size - start.size() - 4, 'a') + "\r\n\r\n";
  };
  EXPECT_EQ(status_of(head(200), limits), 0);
  EXPECT_EQ(status_of(head(200) + "GET / HTTP/1.1", limits), 0) << "what follows does not count";
  EXPECT_EQ(status_of(head(201), limits), 431);
  EXPECT_EQ(status_of(start + std::string(200, 'a'), limits), 431) << "before the head is whole";
  EXPECT_EQ(status_of(std::string(200, 'M'), limits), 414);
  EXPECT_EQ(status_of(std::string(199, 'M'), limits), -1);
}

TEST(RequestRefusal, LimitsHoldForAClientThatSendsByteByByte) {
  const HeadLimits limits{.max_head_bytes = 200, .max_target_bytes = 50, .max_headers = 3};
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(300, 'a');
  RequestHead head;
  ParseResult result;
  std::size_t size = 0;
  while (result.status == Status::kIncomplete && size < text.size()) {
    ++size;
    result = parse_request_head(std::string_view(text).substr(0, size), size - 1, limits, head);
  }
  EXPECT_EQ(result.refusal.http_status, 431);
  EXPECT_EQ(size, limits.max_head_bytes);
}

TEST(RequestRefusal, SixtyFourHeadersPassAndNoMore) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < kMaxHeaders; ++i) text += "X-Forwarded-For: 1.1.1.1\r\n";
  EXPECT_EQ(status_of(text + "\r\n"), 0);
  EXPECT_EQ(status_of(text + "X: y\r\n\r\n"), 431);
}

}  // namespace
}  // namespace latchkey::http
