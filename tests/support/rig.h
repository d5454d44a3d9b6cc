// Shared by the tests against a running server: one server for all tests that need no settings of their own,
// and the steps that most of them consist of.
// Thread: the main one. Any thread may run the steps with its own client.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "support/http_client.h"
#include "support/server_process.h"
#include "support/temporary_directory.h"

namespace latchkey::test {

inline constexpr const char* kTokenPath = "/api/v2/authtoken/";
inline constexpr const char* kVerifyPath = "/auth/verify";
inline constexpr const char* kMePath = "/api/v2/me/";
inline constexpr const char* kJsonType = "application/json";
inline constexpr const char* kFormType = "application/x-www-form-urlencoded";

/// The user that every OwnServer and the `common_server` have.
inline constexpr const char* kUser = "alice";
inline constexpr const char* kPassword = "correct horse";

inline constexpr const char* kUnableToLogIn = R"({"__all__":["Unable to login with provided credentials."]})";

/// The server, with two cores, that tests share. Each brings its own agent. It starts on first use. After all
/// tests it must stop with exit status 0 and have logged no error.
ServerProcess& common_server();

/// An agent that only the running test uses, so that no other test gets its tokens.
std::string own_agent();

/// A server for one test, with kUser on it. The constructor starts it. The destructor stops it if it still
/// runs, and expects exit status 0, which a sanitizer's finding would change.
struct OwnServer {
  explicit OwnServer(ServerOptions options = {});
  ~OwnServer();
  OwnServer(const OwnServer&) = delete;
  OwnServer& operator=(const OwnServer&) = delete;

  TemporaryDirectory directory;
  ServerProcess process;
};

/// A server for many tests. It starts when the first of them asks for it and stops after the last. It must
/// then have exit status 0 and have logged no error.
class SharedServer final : public ::testing::Environment {
 public:
  using Start = std::function<std::unique_ptr<OwnServer>()>;

  /// Registers one that `start` starts. GoogleTest owns it and tears it down.
  static SharedServer& add(Start start);

  ServerProcess& get();
  void TearDown() override;

 private:
  explicit SharedServer(Start start) : start_(std::move(start)) {}

  Start start_;
  std::unique_ptr<OwnServer> server_;
};

/// `{"username":...,"password":...}`.
std::string login_json(std::string_view name, std::string_view password);

/// POSTs `body` to the token resource.
Response post_login(HttpClient& client, std::string_view body, const HeaderLines& headers);

/// Logs in with JSON.
Response log_in(HttpClient& client, const std::string& agent, std::string_view name = kUser,
                std::string_view password = kPassword);

/// The token in a login's answer. Throws ClientError if there is none.
std::string token_in(const Response& response);

/// Logs in and returns the token.
std::string obtain_token(HttpClient& client, const std::string& agent, std::string_view name = kUser,
                         std::string_view password = kPassword);

/// Sends the token as `Authorization: Token` from this agent.
Response use_token(HttpClient& client, const std::string& token, const std::string& agent,
                   std::string_view target = kVerifyPath, std::string_view method = "GET");

/// DELETEs the token.
Response end_token(HttpClient& client, const std::string& token, const std::string& agent);

/// Runs `work(0)` to `work(count - 1)`, each on its own thread, and waits for all. An exception in one fails
/// the test.
void at_once(std::size_t count, const std::function<void(std::size_t)>& work);

/// Counts the progress of several threads, for another that waits for enough of it.
class Progress {
 public:
  void advance(int steps = 1) {
    count_ += steps;
    count_.notify_all();
  }
  /// For a thread that can get no further: nobody needs to wait for it.
  void give_up() { advance(kEnough); }
  void wait_for(int steps) {
    for (int seen = count_; seen < steps; seen = count_) count_.wait(seen);
  }

 private:
  static constexpr int kEnough = 1'000'000;
  std::atomic<int> count_ = 0;
};

/// Why the request was refused: `X-Auth-Reason` of a proxy's question, which has no body, or the text in
/// `{"detail":"..."}`. Empty if the answer says neither.
std::string refusal_of(const Response& response);

/// `{"detail":"..."}`.
std::string detail(std::string_view text);

/// A C-11 time as milliseconds since 1970. Throws ClientError for any other text.
std::int64_t parse_expires(std::string_view text);
std::int64_t now_ms();

}  // namespace latchkey::test
