// A server that guards sites, with a proxy on loopback that it trusts, for the tests of the questions of
// proxies. Thread: a test's own.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {

inline constexpr const char* kForwardPath = "/auth/forward";
inline constexpr const char* kEnvoyPath = "/auth/envoy";

/// The client that the proxy names in all requests.
inline constexpr const char* kClientAddress = "203.0.113.7";

class GuardedServer {
 public:
  /// `sites` are `[[site]]` tables.
  explicit GuardedServer(std::string_view sites, std::vector<std::string> flags = {},
                         const std::string& peer = "127.0.0.1")
      : server_(
            {.flags = std::move(flags), .config = "trusted_proxy = [\"127.0.0.1\"]\n" + std::string(sites)}),
        client_(server_.process.port(), peer) {}

  ServerProcess& process() { return server_.process; }
  HttpClient& client() { return client_; }

  std::string obtain(std::string_view name = kUser, std::string_view password = kPassword) {
    return token_in(post_login(client_, login_json(name, password),
                               by_proxy({{"Content-Type", kJsonType}, {"User-Agent", agent_}})));
  }

  HeaderLines by_proxy(HeaderLines lines) const {
    lines.emplace_back("X-Forwarded-For", kClientAddress);
    return lines;
  }
  /// What the browser itself sends.
  HeaderLines from_browser(const std::string& token = {}) const {
    HeaderLines lines = {{"User-Agent", agent_},
                         {"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"},
                         {"Sec-Fetch-Mode", "navigate"}};
    if (!token.empty()) lines.emplace_back("Cookie", "token=" + token);
    return lines;
  }

  Response ask_as_nginx(HeaderLines lines, const std::string& url, const std::string& method = "GET") {
    lines.emplace_back("X-Original-URL", url);
    lines.emplace_back("X-Original-Method", method);
    return client_.request("GET", kVerifyPath, by_proxy(std::move(lines)));
  }
  Response ask_to_forward(HeaderLines lines, const std::string& host, const std::string& uri,
                          const std::string& method = "GET") {
    lines.emplace_back("X-Forwarded-Method", method);
    lines.emplace_back("X-Forwarded-Proto", "https");
    lines.emplace_back("X-Forwarded-Host", host);
    lines.emplace_back("X-Forwarded-Uri", uri);
    return client_.request("GET", kForwardPath, by_proxy(std::move(lines)));
  }
  Response ask_as_envoy(HeaderLines lines, const std::string& host, const std::string& uri,
                        const std::string& method = "GET") {
    lines.emplace_back("Host", host);
    lines.emplace_back("X-Forwarded-Proto", "https");
    return client_.request(method, kEnvoyPath + uri, by_proxy(std::move(lines)));
  }

 private:
  const std::string agent_ = own_agent();
  OwnServer server_;
  HttpClient client_;
};

}  // namespace latchkey::test
