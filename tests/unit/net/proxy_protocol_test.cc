#include "latchkey/net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey::net {
namespace {

using Status = ProxyHeader::Status;

std::string v2(std::uint8_t version_and_command, std::uint8_t family, std::string_view payload) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += static_cast<char>(version_and_command);
  header += static_cast<char>(family);
  header += static_cast<char>(payload.size() >> 8);
  header += static_cast<char>(payload.size() & 0xff);
  header += payload;
  return header;
}

const std::string kInet4("\xc0\x00\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb",
                         12);  // 192.0.2.1:56324 -> 198.51.100.1:443

void expect_source(const std::string& header, const char* source) {
  const ProxyHeader parsed = parse_proxy_header(header + "GET / HTTP/1.1\r\n");
  ASSERT_EQ(parsed.status, Status::kComplete) << header << ": " << parsed.reason;
  EXPECT_EQ(parsed.consumed, header.size());
  EXPECT_EQ(parsed.source ? parsed.source->to_text() : "none", source);
}

void expect_incomplete_at_every_cut(const std::string& header) {
  for (std::size_t size = 0; size < header.size(); ++size) {
    EXPECT_EQ(parse_proxy_header(std::string_view(header).substr(0, size)).status, Status::kIncomplete)
        << size;
  }
}

void expect_refused(const std::string& header) {
  const ProxyHeader parsed = parse_proxy_header(header);
  EXPECT_EQ(parsed.status, Status::kRefused) << header;
  EXPECT_STRNE(parsed.reason, "");
}

TEST(ProxyProtocolV1, NamesTheClientOfEitherFamily) {
  expect_source("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "192.0.2.1:56324");
  expect_source("PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n", "[2001:db8::1]:56324");
  expect_source("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535");
}

TEST(ProxyProtocolV1, UnknownHasNoSourceWhateverFollows) {
  expect_source("PROXY UNKNOWN\r\n", "none");
  expect_source("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "none");
}

TEST(ProxyProtocolV1, WaitsForTheWholeLine) {
  expect_incomplete_at_every_cut("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n");
}

TEST(ProxyProtocolV1, RefusesMalformedLines) {
  for (const char* header :
       {"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n", "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
        "PROXY TCP4 192.0.2.1  198.51.100.1 56324 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 056324 443\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", "PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.01 198.51.100.1 1 2\r\n", "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 nowhere 1 2\r\n", "PROXY \r\n", "PROXY\r\n",
        "PROXY  TCP4 1.1.1.1 1.1.1.1 1 2\r\n", "PROXY UNKNOWNX\r\n", "proxy TCP4 1.1.1.1 1.1.1.1 1 2\r\n"}) {
    expect_refused(header);
  }
}

TEST(ProxyProtocolV1, IsBoundedAt107Bytes) {
  const std::string longest = "PROXY UNKNOWN " + std::string(kMaxProxyV1Bytes - 16, 'x') + "\r\n";
  ASSERT_EQ(longest.size(), kMaxProxyV1Bytes);
  expect_source(longest, "none");
  expect_refused("PROXY UNKNOWN " + std::string(kMaxProxyV1Bytes - 15, 'x') + "\r\n");
  expect_refused("PROXY UNKNOWN " + std::string(kMaxProxyV1Bytes, 'x'));
}

TEST(ProxyProtocolV2, NamesTheClientOfEitherFamily) {
  expect_source(v2(0x21, 0x11, kInet4), "192.0.2.1:56324");
  const std::string inet6(
      "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\xdc\x04\x01\xbb",
      36);
  expect_source(v2(0x21, 0x21, inet6), "[2001:db8::1]:56324");
}

TEST(ProxyProtocolV2, SkipsExtensions) {
  expect_source(v2(0x21, 0x11, kInet4 + std::string("\x04\x00\x03zzz", 6)), "192.0.2.1:56324");
}

TEST(ProxyProtocolV2, LocalUnspecifiedAndUnixHaveNoSource) {
  expect_source(v2(0x20, 0x00, ""), "none");
  expect_source(v2(0x20, 0x11, kInet4), "none");
  expect_source(v2(0x21, 0x00, "whatever"), "none");
  expect_source(v2(0x21, 0x31, std::string(216, 'u')), "none");
}

TEST(ProxyProtocolV2, WaitsForTheWholeHeader) {
  expect_incomplete_at_every_cut(v2(0x21, 0x11, kInet4 + std::string("\x04\x00\x03zzz", 6)));
}

TEST(ProxyProtocolV2, RefusesWhatItDoesNotKnow) {
  expect_refused(v2(0x11, 0x11, kInet4));
  expect_refused(v2(0x22, 0x11, kInet4));
  expect_refused(v2(0x21, 0x12, kInet4));
  expect_refused(v2(0x21, 0x41, kInet4));
  expect_refused(v2(0x21, 0x11, kInet4.substr(0, 11)));
  expect_refused(v2(0x21, 0x21, std::string(35, 'x')));
}

TEST(ProxyProtocolV2, IsBounded) {
  expect_source(v2(0x21, 0x11, kInet4 + std::string(kMaxProxyV2Bytes - 28, 'x')), "192.0.2.1:56324");
  expect_refused(v2(0x21, 0x11, kInet4 + std::string(kMaxProxyV2Bytes - 27, 'x')));
}

TEST(ProxyProtocol, RefusesAnythingElseAtItsFirstWrongByte) {
  for (const char* bytes : {"G", "GET / HTTP/1.1\r\n", "PRI", "\r\n\r\nGET", "\n", "\x16\x03\x01"})
    expect_refused(bytes);
}

}  // namespace
}  // namespace latchkey::net
