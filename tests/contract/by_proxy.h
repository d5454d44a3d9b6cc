// Requests that reach the server through a proxy, for the tests of the rules on addresses. Thread: a test's
// own.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {

/// Requests through a proxy, each with the forwarding lines that the proxy would send.
struct ByProxy {
  explicit ByProxy(std::vector<std::string> flags, const std::string& source = "127.0.0.1")
      : server({.flags = std::move(flags)}), client(server.process.port(), source) {}

  std::string obtain(HeaderLines forwarded) {
    forwarded.emplace_back("Content-Type", kJsonType);
    return token_in(post_login(client, login_json(kUser, kPassword), forwarded));
  }

  int check(const std::string& token, HeaderLines forwarded) {
    forwarded.emplace_back("Authorization", "Token " + token);
    return client.request("GET", kVerifyPath, forwarded).status;
  }

  OwnServer server;
  HttpClient client;
};

inline HeaderLines forwarded_for(const std::string& value) { return {{"X-Forwarded-For", value}}; }

}  // namespace latchkey::test
