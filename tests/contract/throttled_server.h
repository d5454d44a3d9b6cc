// A server on which logins may fail only a few times, and what the tests of C-20 do to it. The tests come
// from any address they like: the server trusts them to name it, as it would a proxy.
#pragma once

#include <gtest/gtest.h>
#include <sodium.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {

// Addresses that nobody has (RFC 5737, RFC 3849).
inline constexpr const char* kHome = "192.0.2.1";
inline constexpr const char* kStranger = "198.51.100.1";
inline constexpr const char* kElsewhere = "203.0.113.1";

/// Options that allow this many failures in a window that does not end during a test.
inline ServerOptions throttled(int by_user, int by_address, const std::string& window = "1h") {
  ServerOptions options;
  options.cores = 2;
  options.throttle = true;
  options.flags = {"--login-failures-by-user",
                   std::to_string(by_user),
                   "--login-failures-by-address",
                   std::to_string(by_address),
                   "--login-failures-window",
                   window,
                   "--trusted-proxy",
                   "127.0.0.0/8"};
  return options;
}

inline std::string basic_of(const std::string& name, const std::string& password) {
  const std::string pair = name + ":" + password;
  std::string word(sodium_base64_encoded_len(pair.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(word.data(), word.size(), reinterpret_cast<const unsigned char*>(pair.data()),
                    pair.size(), sodium_base64_VARIANT_ORIGINAL);
  word.pop_back();  // its NUL
  return "Basic " + word;
}

inline void expect_throttled(const Response& response, const std::string& allow) {
  EXPECT_EQ(response.status, 429) << response.body;
  ASSERT_EQ(response.lines("Retry-After"), 1U);
  const std::string seconds = response.value("Retry-After");
  ASSERT_GE(std::stoi(seconds), 1);
  EXPECT_EQ(std::to_string(std::stoi(seconds)), seconds);
  EXPECT_EQ(response.body, detail("Request was throttled. Expected available in " + seconds +
                                  (seconds == "1" ? " second." : " seconds.")));
  EXPECT_EQ(response.value("Allow"), allow);
  EXPECT_EQ(response.value("Content-Type"), kJsonType);
  EXPECT_EQ(response.lines("WWW-Authenticate"), 0U);
}
inline void expect_login_throttled(const Response& response) {
  expect_throttled(response, "POST, DELETE, OPTIONS");
}

/// Compares all but the times.
inline void expect_alike(const Response& one, const Response& other) {
  EXPECT_EQ(one.status, other.status);
  EXPECT_EQ(one.body, other.body);
  ASSERT_EQ(one.headers.size(), other.headers.size());
  for (std::size_t i = 0; i < one.headers.size(); ++i) {
    EXPECT_EQ(one.headers[i].first, other.headers[i].first);
    if (one.headers[i].first == "Date" || one.headers[i].first == "X-API-Time") continue;
    EXPECT_EQ(one.headers[i].second, other.headers[i].second) << one.headers[i].first;
  }
}

class ThrottledServer {
 public:
  explicit ThrottledServer(const ServerOptions& options) : server_(options) {}

  ServerProcess& process() { return server_.process; }

  /// Each login uses a new connection, so that any core may get it.
  Response log_in_from(const std::string& address, const std::string& name, const std::string& password) {
    HttpClient client(process().port());
    return post_login(client, login_json(name, password),
                      {{"Content-Type", kJsonType}, {"X-Forwarded-For", address}, {"User-Agent", "c20"}});
  }
  int status_from(const std::string& address, const std::string& name = kUser,
                  const std::string& password = "wrong") {
    return log_in_from(address, name, password).status;
  }
  Response me_from(const std::string& address, const std::string& name, const std::string& password,
                   const std::string& method = "GET") {
    HttpClient client(process().port());
    return client.request(
        method, kMePath,
        {{"Authorization", basic_of(name, password)}, {"X-Forwarded-For", address}, {"User-Agent", "c20"}});
  }

  /// Logs in until the status is `status` or patience ends. Returns the last answer.
  Response log_in_until(int status, const std::string& address, const std::string& name,
                        const std::string& password) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    Response response = log_in_from(address, name, password);
    while (response.status != status && std::chrono::steady_clock::now() < end)
      response = log_in_from(address, name, password);
    EXPECT_EQ(response.status, status) << response.body;
    return response;
  }

 private:
  OwnServer server_;
};

}  // namespace latchkey::test
