// For the tests of the rules on a login's body: posts bodies to the common server, and checks the answers to
// wrong ones. Thread: a test's own.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/rig.h"

namespace latchkey::test {

inline constexpr const char* kRequired =
    R"({"username":["This field is required."],"password":["This field is required."]})";

class LoginBody : public ::testing::Test {
 protected:
  Response post(std::string_view body, const std::string& type = kJsonType) {
    return post_login(client_, body, {{"Content-Type", type}, {"User-Agent", own_agent()}});
  }

  /// Posts a body and expects a 400 with exactly this answer.
  void expect_refused(std::string_view body, std::string_view answer, const std::string& type = kJsonType) {
    const Response response = post(body, type);
    EXPECT_EQ(response.status, 400) << body.substr(0, 100);
    EXPECT_EQ(response.body, answer) << body.substr(0, 100);
    EXPECT_EQ(response.value("Content-Type"), kJsonType);
  }

  /// Posts a body and expects it to be refused as malformed at this byte.
  void expect_malformed(std::string_view body, std::size_t byte) {
    const Response response = post(body);
    EXPECT_EQ(response.status, 400) << body.substr(0, 100);
    EXPECT_TRUE(response.body.starts_with(R"({"detail":"JSON parse error - )")) << response.body;
    EXPECT_TRUE(response.body.ends_with(" at byte " + std::to_string(byte) + "\"}"))
        << body << ' ' << response.body;
  }

  HttpClient client_{common_server().port()};
};

}  // namespace latchkey::test
