// Listeners on which every connection begins with the PROXY protocol (C-34).
#include <gtest/gtest.h>

#include "support/rig.h"

namespace latchkey::test {
namespace {

/// A header of version 2: the command and family bytes, then the addresses as given.
std::string v2_header(char command, char family, const std::string& addresses) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += {command, family, static_cast<char>(addresses.size() >> 8), static_cast<char>(addresses.size())};
  return header + addresses;
}

constexpr char kLocal = 0x20;
constexpr char kProxied = 0x21;
constexpr char kUnspecified = 0x00;
constexpr char kTcp4 = 0x11;
constexpr char kTcp6 = 0x21;

/// Source 203.0.113.`last`, destination 203.0.113.9, ports 40000 and 80.
std::string v4_addresses(char last) {
  return std::string("\xcb\x00\x71", 3) + last + std::string("\xcb\x00\x71\x09\x9c\x40\x00\x50", 8);
}

/// Source 2001:db8::`last`, destination ::, ports 40000 and 80.
std::string v6_addresses(char last) {
  return std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + last + std::string(16, '\0') +
         std::string("\x9c\x40\x00\x50", 4);
}

class ProxyListener {
 public:
  /// Logs in on a new connection that begins with `header`. Returns the token.
  std::string obtain(const std::string& header, const std::string& source = "127.0.0.1") {
    HttpClient client(port_, source);
    client.send(header + request_bytes("POST", kTokenPath, {{"Content-Type", kJsonType}},
                                       login_json(kUser, kPassword)));
    return token_in(client.receive());
  }

  int check(const std::string& header, const std::string& token, const std::string& source = "127.0.0.1") {
    HttpClient client(port_, source);
    client.send(header + request_bytes("GET", kVerifyPath, {{"Authorization", "Token " + token}}));
    return client.receive().status;
  }

  bool refuses(const std::string& bytes) {
    HttpClient client(port_);
    client.send(bytes);
    return client.is_closed_by_server();
  }

 private:
  OwnServer server_{{.flags = {"--proxy-listen", "127.0.0.1:0"}}};
  std::uint16_t port_ = server_.process.proxy_port();
};

TEST(C34, AListenerForThePROXYProtocolTakesTheAddressFromIt) {
  OwnServer server({.flags = {"--proxy-listen", "127.0.0.1:0"}});
  const std::uint16_t port = server.process.proxy_port();
  const std::string login =
      request_bytes("POST", kTokenPath, {{"Content-Type", kJsonType}}, login_json(kUser, kPassword));
  HttpClient client(port);
  client.send("PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\r\n" + login);
  const std::string token = token_in(client.receive());
  EXPECT_EQ(client.request("GET", kVerifyPath, {{"Authorization", "Token " + token}}).status, 200);

  HttpClient other(port);
  other.send("PROXY TCP4 203.0.113.6 203.0.113.9 40000 80\r\n");
  EXPECT_EQ(other.request("GET", kVerifyPath, {{"Authorization", "Token " + token}}).status, 401);

  HttpClient without(port);
  without.send(request_bytes("GET", "/api/v2/ping/"));
  EXPECT_TRUE(without.is_closed_by_server()) << "the header is required there";

  HttpClient guessed(server.process.port());
  guessed.send("PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\r\n" + request_bytes("GET", "/api/v2/ping/"));
  EXPECT_EQ(guessed.receive().status, 400) << "the header is never guessed elsewhere";
}

TEST(C34, BothVersionsOfThePROXYProtocolNameTheSameClient) {
  ProxyListener listener;
  const std::string v4 = listener.obtain("PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\r\n");
  EXPECT_EQ(listener.check(v2_header(kProxied, kTcp4, v4_addresses(5)), v4), 200);
  EXPECT_EQ(listener.check(v2_header(kProxied, kTcp4, v4_addresses(5) + std::string("\x04\x00\x01x", 4)), v4),
            200)
      << "extensions are passed over";
  EXPECT_EQ(listener.check("PROXY TCP6 ::ffff:203.0.113.5 ::1 40000 80\r\n", v4), 200)
      << "a mapped IPv4 equals its IPv4";
  EXPECT_EQ(listener.check(v2_header(kProxied, kTcp4, v4_addresses(6)), v4), 401);

  const std::string v6 = listener.obtain(v2_header(kProxied, kTcp6, v6_addresses(5)));
  EXPECT_EQ(listener.check("PROXY TCP6 2001:db8::5 ::1 40000 80\r\n", v6), 200);
  EXPECT_EQ(listener.check(v2_header(kProxied, kTcp6, v6_addresses(6)), v6), 401);
}

TEST(C34, AProxyThatSpeaksForItselfIsThePeer) {
  ProxyListener listener;
  const std::string local = v2_header(kLocal, kUnspecified, "");
  const std::string token = listener.obtain(local);
  EXPECT_EQ(listener.check(v2_header(kLocal, kTcp4, v4_addresses(5)), token), 200)
      << "the addresses of LOCAL count for nothing";
  EXPECT_EQ(listener.check(v2_header(kProxied, kUnspecified, ""), token), 200);
  EXPECT_EQ(listener.check("PROXY UNKNOWN\r\n", token), 200);
  EXPECT_EQ(listener.check("PROXY UNKNOWN 203.0.113.5 203.0.113.9 1 2\r\n", token), 200);
  EXPECT_EQ(listener.check(local, token, "127.0.0.2"), 401) << "another peer";
  EXPECT_EQ(listener.check(v2_header(kProxied, kTcp4, v4_addresses(5)), token), 401);
}

TEST(C34, WhatIsNoPROXYHeaderIsRefusedWithoutAWord) {
  ProxyListener listener;
  constexpr char kUdp4 = 0x12;
  constexpr char kUnknownFamily = 0x41;
  constexpr char kUnknownVersion = 0x11;
  constexpr char kUnknownCommand = 0x22;
  const std::string request = request_bytes("GET", "/api/v2/ping/");
  const std::string signature("\r\n\r\n\0\r\nQUIT\r", 12);
  for (const std::string& bytes : {
           request,
           std::string("\x16\x03\x01\x02\x00", 5),  // the start of a TLS handshake
           std::string("proxy TCP4 203.0.113.5 203.0.113.9 40000 80\r\n") + request,
           std::string("PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\n") + request,
           std::string("PROXY TCP4 203.0.113.5 203.0.113.9 40000\r\n") + request,
           std::string("PROXY TCP4 203.0.113.256 203.0.113.9 40000 80\r\n") + request,
           std::string("PROXY TCP4 2001:db8::5 203.0.113.9 40000 80\r\n") + request,
           std::string("PROXY UDP4 203.0.113.5 203.0.113.9 40000 80\r\n") + request,
           std::string("PROXY TCP4 203.0.113.5 203.0.113.9 40000 65536\r\n") + request,
           std::string("PROXY TCP4 ") + std::string(200, '1'),
           v2_header(kProxied, kUdp4, v4_addresses(5)) + request,
           v2_header(kProxied, kUnknownFamily, v4_addresses(5)) + request,
           v2_header(kUnknownVersion, kTcp4, v4_addresses(5)) + request,
           v2_header(kUnknownCommand, kTcp4, v4_addresses(5)) + request,
           v2_header(kProxied, kTcp4, "short") + request,
           v2_header(kProxied, kTcp6, v4_addresses(5)) + request,
           v2_header(kProxied, kTcp4, v4_addresses(5) + std::string(2000, 'x')) + request,
           signature + std::string("\x21\x11\x00\x0c", 4) + v4_addresses(5) + request,
       }) {
    EXPECT_TRUE(listener.refuses(bytes)) << bytes;
  }
  EXPECT_FALSE(listener.refuses("PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\r\n" + request));
}

TEST(C34, ASecondPROXYHeaderIsNoRequest) {
  ProxyListener listener;
  const std::string header = "PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\r\n";
  const std::string token = listener.obtain(header);
  EXPECT_EQ(listener.check(header + "PROXY TCP4 203.0.113.6 203.0.113.9 40000 80\r\n", token), 400);
}

TEST(C34, TheAddressOfThePROXYProtocolMayItselfBeATrustedProxys) {
  OwnServer server({.flags = {"--proxy-listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1,10.0.0.0/8"}});
  const auto token_from = [&server](const std::string& hop, const std::string& client_address) {
    HttpClient client(server.process.proxy_port());
    client.send("PROXY TCP4 " + hop + " 10.0.0.1 40000 80\r\n" +
                request_bytes("POST", kTokenPath,
                              {{"Content-Type", kJsonType}, {"X-Forwarded-For", client_address}},
                              login_json(kUser, kPassword)));
    return token_in(client.receive());
  };
  const std::string token = token_from("10.0.0.7", "203.0.113.5");
  EXPECT_EQ(token_from("10.0.0.8", "203.0.113.5"), token);
  EXPECT_NE(token_from("192.0.2.1", "203.0.113.5"), token) << "a stranger behind the load balancer";
}

constexpr const char* kHeader = "PROXY TCP4 203.0.113.5 203.0.113.9 40000 80\r\n";

/// Whether a connection from `source` that begins with `header` is served.
bool is_taken(OwnServer& server, const std::string& source, const std::string& header = kHeader) {
  HttpClient client(server.process.proxy_port(), source);
  try {
    client.send(header + request_bytes("GET", "/api/v2/ping/"));
    return client.receive().status == 200;
  } catch (const ClientError&) {
    return false;
  }
}

TEST(C34, ThePROXYProtocolIsTakenFromTrustedProxiesAlone) {
  OwnServer server({.flags = {"--proxy-listen", "0.0.0.0:0", "--trusted-proxy", "127.0.0.9"}});
  EXPECT_TRUE(is_taken(server, "127.0.0.9"));
  EXPECT_FALSE(is_taken(server, "127.0.0.1"));
  for (const std::string& header :
       {v2_header(kProxied, kTcp4, v4_addresses(5)), v2_header(kLocal, kUnspecified, ""),
        std::string("PROXY UNKNOWN\r\n"), std::string()}) {
    EXPECT_TRUE(header.empty() || is_taken(server, "127.0.0.9", header));
    EXPECT_FALSE(is_taken(server, "127.0.0.8", header)) << "the first word is not waited for";
  }
  const auto line = server.process.wait_for_log("event=proxy_protocol.not_trusted");
  ASSERT_TRUE(line);
  EXPECT_NE(line->find("peer=127.0.0.1 "), std::string::npos) << *line;
  EXPECT_NE(line->find("trusted_proxy"), std::string::npos) << *line;
}

TEST(C34, AStrangerToThePROXYListenerIsClosedBeforeItSaysAWord) {
  OwnServer server({.flags = {"--proxy-listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.9"}});
  HttpClient stranger(server.process.proxy_port());
  EXPECT_TRUE(stranger.is_closed_by_server());
}

TEST(C34, OnLoopbackThePROXYProtocolIsTakenFromLoopbackWhereNoProxyIsNamed) {
  OwnServer server({.flags = {"--proxy-listen", "127.0.0.1:0"}});
  EXPECT_TRUE(is_taken(server, "127.0.0.1"));
  EXPECT_TRUE(is_taken(server, "127.0.0.2"));
}

TEST(C34, AListenerForThePROXYProtocolBeyondLoopbackNeedsATrustedProxyToStart) {
  const TemporaryDirectory directory;
  for (const char* const where : {"0.0.0.0:0", "[::]:0"}) {
    for (const bool check : {false, true}) {
      ServerOptions options;
      options.flags = {"--proxy-listen", where};
      if (check) options.flags.emplace_back("--check");
      const Finished refused = run_to_end(server_command(directory / "data", options));
      EXPECT_NE(refused.status, 0);
      EXPECT_NE(refused.errors.find(std::string("proxy_listen: on ") + where), std::string::npos)
          << refused.errors;
      EXPECT_NE(refused.errors.find("trusted_proxy"), std::string::npos) << refused.errors;
    }
  }
}

}  // namespace
}  // namespace latchkey::test
