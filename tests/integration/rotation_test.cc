// `latchkey key rotate` and `latchkey token revoke --all`: what becomes of tokens that live, and of those to
// come.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/rig.h"

namespace latchkey::test {
namespace {

namespace fs = std::filesystem;

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

TEST(KeyRotation, SignsNewTokensWithTheNextKeyWhileThoseThatLiveGoOn) {
  OwnServer server({.cores = 2, .flags = {}, .config = {}});
  HttpClient client(server.process.port());
  const std::string before = obtain_token(client, "before");
  const Finished rotated = run_latchkey(server.process.data(), {"key", "rotate"});
  ASSERT_EQ(rotated.status, 0) << rotated.errors;
  EXPECT_TRUE(holds(rotated.output, "new tokens are signed with key 2")) << rotated.output;
  EXPECT_TRUE(server.process.wait_for_log("event=admin.key_rotated signing=2").has_value())
      << server.process.log();
  EXPECT_TRUE(holds(text_of(server.process.data() / "latchkey.key"), "signing = 2"));
  const std::string after = obtain_token(client, "after");
  EXPECT_EQ(use_token(client, before, "before").status, 200);
  EXPECT_EQ(use_token(client, after, "after").status, 200);
  // The database has the key's number of each token; a start makes the token from it again.
  server.process.start_again();
  HttpClient again(server.process.port());
  EXPECT_EQ(use_token(again, before, "before").status, 200);
  EXPECT_EQ(use_token(again, after, "after").status, 200);
  EXPECT_TRUE(
      holds(run_latchkey(server.process.data(), {"key", "rotate", "--json"}).output, R"("signing":3)"));
}

TEST(KeyRotation, WorksOnTheFileAloneWhereNoServerRuns) {
  OwnServer server;
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "browser");
  server.process.stop();
  const Finished rotated = run_latchkey(server.process.data(), {"key", "rotate", "--json"});
  EXPECT_EQ(rotated.status, 0) << rotated.errors;
  EXPECT_TRUE(holds(rotated.output, R"("signing":2,"in_force":false)")) << rotated.output;
  server.process.start_again();
  HttpClient again(server.process.port());
  EXPECT_EQ(use_token(again, token, "browser").status, 200);
}

TEST(KeyRotation, PrintsTheNewFileWhereTheKeyIsReadOnly) {
  OwnServer server;
  server.process.stop();
  const fs::path key = server.process.data() / "latchkey.key";
  const fs::path credential = server.directory / "credentials" / "latchkey.key";
  fs::create_directory(credential.parent_path());
  fs::rename(key, credential);
  give_to_test_user(credential.parent_path());
  server.process.start_again({.flags = {"--key-file", credential.string()}, .config = {}});
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "browser");
  // Nobody but root may write there, and the command is not root for it.
  fs::permissions(credential.parent_path(), fs::perms::owner_read | fs::perms::owner_exec);
  const Finished printed = run_latchkey(server.process.data(), {"key", "rotate"});
  EXPECT_EQ(printed.status, 3) << printed.output << printed.errors;
  EXPECT_TRUE(holds(printed.output, "signing = 2")) << printed.output;
  EXPECT_TRUE(holds(printed.errors, "restart the server")) << printed.errors;
  EXPECT_TRUE(holds(text_of(credential), "signing = 1"));
  EXPECT_FALSE(holds(server.process.log(), "admin.key_rotated"));
  // What an administrator then does.
  server.process.stop();
  fs::permissions(credential.parent_path(), fs::perms::owner_all);
  std::ofstream(credential) << printed.output;
  server.process.start_again({.flags = {"--key-file", credential.string()}, .config = {}});
  HttpClient again(server.process.port());
  EXPECT_EQ(use_token(again, token, "browser").status, 200);
}

TEST(KeyRotation, RefusesAKeyThatTheServerDoesNotRunWith) {
  OwnServer server;
  TemporaryDirectory other;
  std::ofstream(other / "latchkey.key") << "root = " << std::string(64, 'a') << "\nsigning = 1\n";
  fs::permissions(other / "latchkey.key", fs::perms::owner_read | fs::perms::owner_write);
  const Finished refused =
      run_latchkey(server.process.data(), {"key", "rotate", "--key-file", (other / "latchkey.key").string()});
  EXPECT_EQ(refused.status, 1);
  EXPECT_TRUE(holds(refused.errors, "not the one that the server runs with")) << refused.errors;
  EXPECT_TRUE(holds(text_of(other / "latchkey.key"), "signing = 1"));
}

TEST(RevokeAll, EndsEveryTokenOfEveryUserOnEveryCoreAndOnDisk) {
  OwnServer server({.cores = 2, .flags = {}, .config = {}});
  constexpr int kUsers = 40;
  HttpClient client(server.process.port());
  std::vector<std::string> tokens;
  for (int i = 0; i < kUsers; ++i) {
    const std::string name = "person" + std::to_string(i);
    ASSERT_EQ(run_latchkey(server.process.data(), {"user", "add", name, "--password-stdin"}, "open\n").status,
              0);
    tokens.push_back(obtain_token(client, "browser", name, "open"));
  }
  tokens.push_back(obtain_token(client, "browser"));
  const Finished listed = run_latchkey(server.process.data(), {"token", "list", "--json"});
  EXPECT_TRUE(holds(listed.output, R"("user":"person39")")) << listed.output;
  EXPECT_TRUE(holds(run_latchkey(server.process.data(), {"token", "list"}).output, "person0"));
  const Finished revoked = run_latchkey(server.process.data(), {"token", "revoke", "--all"});
  EXPECT_EQ(revoked.status, 0) << revoked.errors;
  EXPECT_TRUE(holds(revoked.output, "41 tokens of 41 users ended")) << revoked.output;
  for (const std::string& token : tokens) EXPECT_EQ(use_token(client, token, "browser").status, 401);
  server.process.kill();
  server.process.start_again();
  HttpClient again(server.process.port());
  for (const std::string& token : tokens) EXPECT_EQ(use_token(again, token, "browser").status, 401);
  EXPECT_EQ(log_in(again, "browser").status, 200);
}

TEST(RevokeAll, WorksWithoutAServerToo) {
  OwnServer server;
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "browser");
  server.process.stop();
  const Finished revoked = run_latchkey(server.process.data(), {"token", "revoke", "--all", "--json"});
  EXPECT_EQ(revoked.output, "{\"users\":1,\"ended_tokens\":1}\n") << revoked.errors;
  server.process.start_again();
  HttpClient again(server.process.port());
  EXPECT_EQ(use_token(again, token, "browser").status, 401);
}

}  // namespace
}  // namespace latchkey::test
