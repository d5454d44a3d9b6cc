// For the tests of the rules on credentials: a client of the common server with a token that only it has.
// Thread: a test's own.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "support/rig.h"

namespace latchkey::test {

/// A token that was never issued.
inline constexpr const char* kNoToken = "8f17825cf08a7efea124f2638f3896f6637f8745";
/// The base64 of `alice:correct horse`.
inline constexpr const char* kBasicWord = "YWxpY2U6Y29ycmVjdCBob3JzZQ==";

class TokenHolder : public ::testing::Test {
 protected:
  Response send(HeaderLines headers, const std::string& target = kVerifyPath) {
    headers.emplace_back("User-Agent", agent_);
    return client_.request("GET", target, headers);
  }

  void expect_refused(HeaderLines headers, const std::string& text, const std::string& challenge,
                      const std::string& target = kMePath) {
    const Response response = send(std::move(headers), target);
    EXPECT_EQ(response.status, 401) << text;
    EXPECT_EQ(refusal_of(response), text);
    EXPECT_EQ(response.value("WWW-Authenticate"), challenge) << text;
    EXPECT_EQ(response.lines("WWW-Authenticate"), 1U);
    EXPECT_EQ(response.lines("X-Auth-User"), 0U);
    EXPECT_EQ(response.lines("Auth-Token-Timeout"), 0U);
  }

  const std::string agent_ = own_agent();
  HttpClient client_{common_server().port()};
  const std::string token_ = obtain_token(client_, agent_);
};

}  // namespace latchkey::test
