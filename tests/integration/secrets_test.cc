// P-12: no secret reaches the log, an error text, or a file that a thief may read.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kRightPassword = "swordfish-right-9183";
constexpr const char* kWrongPassword = "swordfish-wrong-5527";

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void expect_absent(const std::string& text, const std::string& secret, const std::string& where) {
  EXPECT_EQ(text.find(secret), std::string::npos) << secret << " stands in " << where;
}

class Secrets : public ::testing::Test {
 protected:
  static ServerOptions talkative() {
    ServerOptions options;
    options.flags = {"--log-level", "debug"};
    return options;
  }

  OwnServer server_{talkative()};
  HttpClient client_{server_.process.port()};
};

TEST_F(Secrets, NeitherPasswordsNorTokensNorHashesReachTheLog) {
  const std::filesystem::path& data = server_.process.data();
  add_user(data, "carol", kRightPassword);
  const std::string token = obtain_token(client_, "browser", "carol", kRightPassword);
  const std::string other = obtain_token(client_, "other", "carol", kRightPassword);
  log_in(client_, "browser", "carol", kWrongPassword);
  post_login(client_, std::string("{\"username\":\"carol\",\"password\":\"") + kWrongPassword,
             {{"Content-Type", kJsonType}});
  post_login(client_, std::string("username=carol&password=") + kRightPassword,
             {{"Content-Type", "text/plain"}});
  use_token(client_, token, "browser");
  use_token(client_, token, "thief");
  use_token(client_, other, "browser", kMePath);
  use_token(client_, token + "0", "browser");
  client_.request("GET", kVerifyPath, {{"Cookie", "token=" + token}});
  client_.request("GET", std::string("/auth/verify?token=") + token);
  client_.request("GET", kMePath, {{"Authorization", "Basic Y2Fyb2w6c3dvcmRmaXNoLXdyb25nLTU1Mjc="}});
  HttpClient broken(server_.process.port());
  broken.send("GET /auth/verify HTTP/1.1\r\nHost: x\r\nAuthorization: Token " + token +
              "\r\nbroken line\r\n\r\n");
  EXPECT_EQ(broken.receive().status, 400);
  HttpClient twice(server_.process.port());
  twice.send("GET /auth/verify HTTP/1.1\r\nHost: x\r\nAuthorization: Token " + token +
             "\r\nAuthorization: Token " + token + "\r\n\r\n");
  EXPECT_EQ(twice.receive().status, 401);
  ASSERT_EQ(
      run_latchkey(data, {"user", "passwd", "carol", "--password-stdin"}, std::string(kWrongPassword) + "\n")
          .status,
      0);
  end_token(client_, token, "browser");
  ASSERT_EQ(server_.process.stop(), 0) << server_.process.log();

  const std::string log = server_.process.log();
  EXPECT_NE(log.find("event="), std::string::npos) << "nothing was logged";
  for (const std::string& secret :
       {std::string(kRightPassword), std::string(kWrongPassword), token, other, std::string("$argon2id$"),
        std::string("Y2Fyb2w6c3dvcmRmaXNoLXdyb25nLTU1Mjc=")}) {
    expect_absent(log, secret, "the log");
  }
}

TEST_F(Secrets, AStolenDatabaseHoldsNeitherTokensNorPasswords) {
  const std::filesystem::path& data = server_.process.data();
  add_user(data, "carol", kRightPassword);
  const std::string token = obtain_token(client_, "browser", "carol", kRightPassword);
  ASSERT_EQ(server_.process.stop(), 0) << server_.process.log();
  std::string raw_token(token.size() / 2, '\0');
  for (std::size_t i = 0; i < raw_token.size(); ++i) {
    raw_token[i] = static_cast<char>(std::stoi(token.substr(2 * i, 2), nullptr, 16));
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".key") continue;
    ++files;
    const std::string content = content_of(entry.path());
    expect_absent(content, kRightPassword, entry.path().string());
    expect_absent(content, token, entry.path().string());
    expect_absent(content, raw_token, entry.path().string());
    // The tag names the shard and is no secret. The rest of the token is.
    expect_absent(content, raw_token.substr(2), entry.path().string());
  }
  EXPECT_GE(files, 1U);
}

TEST_F(Secrets, AnErrorTextDoesNotRepeatWhatItRefuses) {
  const Response malformed = post_login(client_, std::string("{\"password\":\"") + kWrongPassword + "\",}",
                                        {{"Content-Type", kJsonType}});
  EXPECT_EQ(malformed.status, 400);
  expect_absent(malformed.body, kWrongPassword, "the answer");
  const Response refused = log_in(client_, "browser", kUser, kWrongPassword);
  expect_absent(refused.body, kWrongPassword, "the answer");
}

TEST_F(Secrets, TheKeyStandsInNoFileButItsOwn) {
  const std::filesystem::path& data = server_.process.data();
  obtain_token(client_, "browser");
  ASSERT_EQ(server_.process.stop(), 0) << server_.process.log();
  // The longest run of hex digits in the key file is the root of all keys.
  const std::string text = content_of(data / "latchkey.key");
  std::string root;
  std::string run;
  for (const char c : text + "\n") {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) {
      run.push_back(c);
      continue;
    }
    if (run.size() > root.size()) root = run;
    run.clear();
  }
  ASSERT_GE(root.size(), 64U) << "no key of 32 bytes in the key file";
  for (const auto& entry : std::filesystem::directory_iterator(data)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".key") continue;
    expect_absent(content_of(entry.path()), root, entry.path().string());
  }
  expect_absent(server_.process.log(), root, "the log");
}

}  // namespace
}  // namespace latchkey::test
