#include "api/original_request.h"

#include <gtest/gtest.h>

#include <string>

#include "api/navigation.h"
#include "latchkey/http/request_parser.h"

namespace latchkey::api {
namespace {

using http::ProxyFamily;

class OriginalRequestTest : public testing::Test {
 protected:
  /// `METHOD URL` of the request that the head asks about, or `-`.
  std::string read(ProxyFamily family, const std::string& request_line, const std::string& lines,
                   std::string_view prefix = "/auth/envoy") {
    parse(request_line, lines);
    const auto request = original_request(head_, family, prefix);
    return request ? std::string(request->method) + ' ' + request->url() : "-";
  }
  void parse(const std::string& request_line, const std::string& lines) {
    bytes_ = request_line + " HTTP/1.1\r\n" + lines + "\r\n";
    const http::ParseResult parsed = http::parse_request_head(bytes_, 0, {}, head_);
    EXPECT_EQ(parsed.status, http::ParseResult::Status::kComplete) << parsed.refusal.reason;
  }

  std::string bytes_;
  http::RequestHead head_;
};

TEST_F(OriginalRequestTest, OfNginxIsAbsolute) {
  const std::string line = "GET /auth/verify";
  const auto read_url = [&](const std::string& url) {
    return read(ProxyFamily::kNginx, line,
                "Host: h\r\nX-Original-URL: " + url + "\r\nX-Original-Method: PUT\r\n");
  };
  EXPECT_EQ(read_url("https://a.test/x/../y?z=%2F"), "PUT https://a.test/x/../y?z=%2F");
  EXPECT_EQ(read_url("http://a.test:80"), "PUT http://a.test/");
  EXPECT_EQ(read_url("http://a.test:8080?q"), "PUT http://a.test:8080/?q");
  EXPECT_EQ(read_url("https://[2001:db8::1]:443/"), "PUT https://[2001:db8::1]/");
  EXPECT_EQ(read_url("https://a.test/\\b\xC3\xA4\"#c"), "PUT https://a.test/%5Cb%C3%A4\"%23c");
  for (const char* const url : {"", "/x", "a.test/x", "ftp://a.test/", "https://u@a.test/", "https:///"})
    EXPECT_EQ(read_url(url), "-") << url;
  EXPECT_EQ(read(ProxyFamily::kNginx, line, "Host: h\r\n"), "-");
  EXPECT_EQ(read(ProxyFamily::kNginx, line,
                 "Host: h\r\nX-Original-URL: http://a.test/\r\nx-original-url: http://b.test/\r\n"),
            "-");
}

TEST_F(OriginalRequestTest, OfForwardIsInFourFields) {
  const std::string line = "GET /auth/forward";
  const std::string all =
      "Host: h\r\nX-Forwarded-Method: POST\r\nX-Forwarded-Proto: HTTPS\r\nX-Forwarded-Host: a.test:443\r\n"
      "X-Forwarded-Uri: /x?y\r\n";
  EXPECT_EQ(read(ProxyFamily::kForward, line, all), "POST https://a.test/x?y");
  EXPECT_EQ(read(ProxyFamily::kForward, line, all + "X-Original-URL: http://b.test/\r\n"),
            "POST https://a.test/x?y");
  for (const std::string name : {"Method", "Proto", "Host", "Uri"}) {
    EXPECT_EQ(read(ProxyFamily::kForward, line, all + "X-Forwarded-" + name + ": x\r\n"), "-") << name;
  }
  EXPECT_EQ(read(ProxyFamily::kForward, line,
                 "Host: a.test\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Proto: https\r\n"),
            "-")
      << "Host is the server's own";
  EXPECT_EQ(
      read(
          ProxyFamily::kForward, line,
          "Host: h\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Proto: wss\r\nX-Forwarded-Host: a.test, b.test\r\n"),
      "-")
      << "a list is of several proxies";
  EXPECT_EQ(
      read(ProxyFamily::kForward, line,
           "Host: h\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Proto: wss\r\nX-Forwarded-Host: a.test\r\n"
           "X_Forwarded_Host: b.test\r\n"),
      "GET https://a.test/");
}

TEST_F(OriginalRequestTest, OfEnvoyIsTheQuestionItselfBehindItsPrefix) {
  EXPECT_EQ(read(ProxyFamily::kEnvoy, "PATCH /auth/envoy/../x//y?z", "Host: A.test\r\n"),
            "PATCH http://A.test/../x//y?z");
  EXPECT_EQ(read(ProxyFamily::kEnvoy, "GET /auth/envoy", "Host: a.test\r\nX-Forwarded-Proto: https\r\n"),
            "GET https://a.test/");
  EXPECT_EQ(read(ProxyFamily::kEnvoy, "GET /x", "Host: a.test\r\n", ""), "GET http://a.test/x");
  EXPECT_EQ(read(ProxyFamily::kEnvoy, "GET /auth/envoy/", "Host: a.test\r\nX-Forwarded-Proto: gopher\r\n"),
            "-");
  EXPECT_EQ(read(ProxyFamily::kEnvoy, "GET /auth/envoy/", "Host:\r\n"), "-");
}

TEST_F(OriginalRequestTest, ANavigationIsAGetOrHeadOfABrowsersWindow) {
  const auto is_one = [this](const std::string& method, const std::string& lines) {
    parse(method + " /auth/envoy/", "Host: a.test\r\n" + lines);
    return is_navigation(head_, original_request(head_, ProxyFamily::kEnvoy, "/auth/envoy").value());
  };
  const std::string browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
  EXPECT_TRUE(is_one("GET", browser));
  EXPECT_TRUE(is_one("HEAD", browser));
  EXPECT_TRUE(is_one("GET", "Sec-Fetch-Mode: navigate\r\n"));
  EXPECT_FALSE(is_one("POST", browser));
  EXPECT_FALSE(is_one("GET", browser + "Sec-Fetch-Mode: no-cors\r\n"));
  EXPECT_FALSE(is_one("GET", browser + "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Mode: navigate\r\n"));
  EXPECT_FALSE(is_one("GET", ""));
  EXPECT_FALSE(is_one("GET", "Accept: */*\r\n"));
  EXPECT_FALSE(is_one("GET", "Accept: text/event-stream\r\n"));
  EXPECT_FALSE(is_one("GET", "Accept: image/*\r\n"));
  EXPECT_FALSE(is_one("GET", "Accept: text/html;q=0\r\n"));
}

}  // namespace
}  // namespace latchkey::api
