// What a well-formed request says. request_refusal_test.cc tests what is refused.
#include "latchkey/http/request_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey::http {
namespace {

using Status = ParseResult::Status;

/// The head of `text`, which must be complete and fill all of it.
RequestHead parsed(std::string_view text) {
  RequestHead head;
  const ParseResult result = parse_request_head(text, 0, {}, head);
  EXPECT_EQ(result.status, Status::kComplete) << text << result.refusal.reason;
  EXPECT_EQ(result.head_bytes, text.size());
  return head;
}

TEST(RequestParser, GivesAllPartsOfATypicalCheck) {
  const std::string text =
      "GET /auth/verify?x=1&y HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\n"
      "Authorization: Token 8f17825cf08a7efea124f2638f3896f6637f8745\r\nX-Other:  spaced value\t \r\nAccept: "
      "*/*\r\n\r\n";
  const RequestHead head = parsed(text);
  EXPECT_EQ(head.method, Method::kGet);
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.target, "/auth/verify?x=1&y");
  EXPECT_EQ(head.path, "/auth/verify");
  EXPECT_EQ(head.query, "x=1&y");
  EXPECT_EQ(head.minor_version, 1);
  ASSERT_EQ(head.header_count, 5U);
  EXPECT_EQ(head.value(KnownHeader::kHost), "127.0.0.1:8080");
  EXPECT_EQ(head.value(KnownHeader::kAuthorization), "Token 8f17825cf08a7efea124f2638f3896f6637f8745");
  EXPECT_EQ(head.headers[3].name, "X-Other");
  EXPECT_EQ(head.headers[3].value, "spaced value");
  EXPECT_EQ(head.headers[3].known, KnownHeader::kOther);
  EXPECT_EQ(head.headers[4].known, KnownHeader::kAccept);
  EXPECT_FALSE(head.has(KnownHeader::kCookie));
  EXPECT_EQ(head.value(KnownHeader::kCookie), "");
  EXPECT_EQ(head.body, BodyFraming::kNone);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
}

TEST(RequestParser, StopsBehindTheHeadWhereOthersFollow) {
  const std::string first = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string both = first + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
  RequestHead head;
  EXPECT_EQ(parse_request_head(both, 0, {}, head).head_bytes, first.size());
  EXPECT_EQ(head.path, "/1");
  EXPECT_EQ(parse_request_head(std::string_view(both).substr(first.size()), 0, {}, head).head_bytes,
            first.size());
  EXPECT_EQ(head.path, "/2");
}

TEST(RequestParser, HeadIsAsNewWhenUsedAgain) {
  RequestHead head;
  parse_request_head(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nCookie: a=b\r\nExpect: 100-continue\r\n\r\n", 0, {},
      head);
  ASSERT_EQ(head.content_length, 5U);
  parse_request_head("GET /?q HTTP/1.0\r\n\r\n", 0, {}, head);
  EXPECT_EQ(head.header_count, 0U);
  EXPECT_FALSE(head.has(KnownHeader::kCookie));
  EXPECT_FALSE(head.has(KnownHeader::kHost));
  EXPECT_EQ(head.body, BodyFraming::kNone);
  EXPECT_EQ(head.content_length, 0U);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_FALSE(head.keep_alive);
  parse_request_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, {}, head);
  EXPECT_EQ(head.query, "");
}

TEST(RequestParser, NamesEveryMethod) {
  const auto method_of = [](const std::string& name) {
    return parsed(name + " / HTTP/1.1\r\nHost: a\r\n\r\n").method;
  };
  EXPECT_EQ(method_of("GET"), Method::kGet);
  EXPECT_EQ(method_of("HEAD"), Method::kHead);
  EXPECT_EQ(method_of("POST"), Method::kPost);
  EXPECT_EQ(method_of("PUT"), Method::kPut);
  EXPECT_EQ(method_of("PATCH"), Method::kPatch);
  EXPECT_EQ(method_of("DELETE"), Method::kDelete);
  EXPECT_EQ(method_of("OPTIONS"), Method::kOptions);
  EXPECT_EQ(method_of("TRACE"), Method::kTrace);
  EXPECT_EQ(method_of("get"), Method::kOther) << "methods are case-sensitive (RFC 9110 §9.1)";
  const RequestHead brew = parsed("BREW!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(brew.method, Method::kOther);
  EXPECT_EQ(brew.method_text, "BREW!#$%&'*+-.^_`|~9");
}

TEST(RequestParser, KnowsFieldsWhateverTheirCaseAndWhereTheyFirstStand) {
  const RequestHead head = parsed(
      "GET / HTTP/1.1\r\nhOST: a\r\nX-FORWARDED-FOR: 1.1.1.1\r\nx-auth-token: t\r\nx-forwarded-for: "
      "2.2.2.2\r\n\r\n");
  EXPECT_EQ(head.lines(KnownHeader::kXForwardedFor), 2U);
  EXPECT_EQ(head.value(KnownHeader::kXForwardedFor), "1.1.1.1");
  EXPECT_EQ(head.headers[3].known, KnownHeader::kXForwardedFor);
  EXPECT_EQ(head.value(KnownHeader::kXAuthToken), "t");
  EXPECT_EQ(head.value(KnownHeader::kHost), "a");
}

TEST(RequestParser, TakesEveryFormOfTarget) {
  EXPECT_EQ(parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").path, "*");
  const RequestHead absolute =
      parsed("GET HTTP://Example.com:80/a/b?c=d HTTP/1.1\r\nHost: example.COM:80\r\n\r\n");
  EXPECT_EQ(absolute.target, "HTTP://Example.com:80/a/b?c=d");
  EXPECT_EQ(absolute.path, "/a/b");
  EXPECT_EQ(absolute.query, "c=d");
  const RequestHead bare = parsed("GET https://a?q=/x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(bare.path, "/");
  EXPECT_EQ(bare.query, "q=/x");
  EXPECT_EQ(parsed("GET /a//b/../%2e?x?y=\"<>{}|\\^` HTTP/1.1\r\nHost: a\r\n\r\n").query, "x?y=\"<>{}|\\^`");
}

TEST(RequestParser, TakesEveryFormOfHost) {
  for (const char* host : {"", "a", "a.b-c_d~e", "a:80", "a:", "127.0.0.1:65535", "[::1]",
                           "[2001:db8::1]:8080", "[::ffff:1.2.3.4]:1", "!$&'()*+;="}) {
    EXPECT_EQ(parsed("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").value(KnownHeader::kHost),
              host);
  }
}

TEST(RequestParser, TakesObsTextAndTabsInValues) {
  const RequestHead head =
      parsed("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: J\xc3\xbcrgen\t\xff\x80 x\r\nEmpty:\r\n\r\n");
  EXPECT_EQ(head.value(KnownHeader::kUserAgent), "J\xc3\xbcrgen\t\xff\x80 x");
  EXPECT_EQ(head.headers[2].value, "");
}

TEST(RequestParser, SkipsOneEmptyLineBeforeTheRequest) {
  EXPECT_EQ(parsed("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").path, "/");
}

TEST(RequestParser, FramesTheBody) {
  const auto head_of = [](const std::string& lines) {
    return parsed("POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
  };
  EXPECT_EQ(head_of("").body, BodyFraming::kNone);
  EXPECT_EQ(head_of("Content-Length: 0\r\n").body, BodyFraming::kSized);
  EXPECT_EQ(head_of("Content-Length: 00042\r\n").content_length, 42U);
  EXPECT_EQ(head_of("Content-Length: 18446744073709551615\r\n").content_length, UINT64_MAX);
  EXPECT_EQ(head_of("Transfer-Encoding: ChunkeD\r\n").body, BodyFraming::kChunked);
}

TEST(RequestParser, KeepsTheConnectionAliveByVersionAndOptions) {
  const auto alive = [](const std::string& version, const std::string& lines) {
    return parsed("GET / HTTP/" + version + "\r\nHost: a\r\n" + lines + "\r\n").keep_alive;
  };
  EXPECT_TRUE(alive("1.1", ""));
  EXPECT_FALSE(alive("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(alive("1.1", "Connection: x , CLOSE,\r\n"));
  EXPECT_FALSE(alive("1.1", "Connection: keep-alive\r\nX: y\r\nConnection: close\r\n"));
  EXPECT_TRUE(alive("1.1", "Connection: closed\r\n"));
  EXPECT_FALSE(alive("1.0", ""));
  EXPECT_TRUE(alive("1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(alive("1.0", "Connection: keep-alive, close\r\n"));
}

TEST(RequestParser, ExpectsContinueOnlyBeforeABodyAndInHttp11) {
  const auto expects = [](const std::string& version, const std::string& lines) {
    return parsed("POST / HTTP/" + version + "\r\nHost: a\r\nExpect: 100-Continue\r\n" + lines + "\r\n")
        .expect_continue;
  };
  EXPECT_TRUE(expects("1.1", "Content-Length: 1\r\n"));
  EXPECT_TRUE(expects("1.1", "Transfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(expects("1.1", ""));
  EXPECT_FALSE(expects("1.0", "Content-Length: 1\r\n"));
}

TEST(RequestParser, Http10NeedsNoHostAndLater1xCountsAs11) {
  EXPECT_EQ(parsed("GET / HTTP/1.0\r\n\r\n").minor_version, 0);
  EXPECT_EQ(parsed("GET / HTTP/1.9\r\nHost: a\r\n\r\n").minor_version, 1);
}

TEST(RequestParser, IsIncompleteAtEveryCut) {
  const std::string text =
      "\r\nPOST http://a/b?c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-Long-Name-Of-A-Field: value value "
      "value\r\n\r\n";
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    RequestHead head;
    EXPECT_EQ(parse_request_head(std::string_view(text).substr(0, cut), 0, {}, head).status,
              Status::kIncomplete)
        << cut;
  }
}

TEST(RequestParser, FindsTheEndHoweverTheHeadIsCutInTwo) {
  const std::string text = "\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\nGET";
  for (std::size_t cut = 1; cut < text.size() - 3; ++cut) {
    RequestHead head;
    const ParseResult result = parse_request_head(text, cut, {}, head);
    EXPECT_EQ(result.status, Status::kComplete) << cut;
    EXPECT_EQ(result.head_bytes, text.size() - 3);
    EXPECT_EQ(head.path, "/a");
  }
}

TEST(RequestParser, ByteByByteTheAnswerIsTheSameAsAtOnce) {
  for (const std::string text :
       {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\n", "\r\n\r\nGET / HTTP/1.1\r\n", "\nGET / HTTP/1.1\r\n"}) {
    RequestHead head;
    const ParseResult at_once = parse_request_head(text, 0, {}, head);
    ParseResult result;
    for (std::size_t size = 1; size <= text.size() && result.status == Status::kIncomplete; ++size) {
      result = parse_request_head(std::string_view(text).substr(0, size), size - 1, {}, head);
    }
    EXPECT_EQ(result.status, at_once.status) << text;
    EXPECT_EQ(result.refusal.http_status, at_once.refusal.http_status) << text;
  }
}

}  // namespace
}  // namespace latchkey::http
