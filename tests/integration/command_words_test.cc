// The words of the command `latchkey`: where options may stand, what a mistyped one is answered with, and the
// commands that show and rename a user.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr int kWrongUsage = 2;

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(CommandWords, NameTheCommandThatWasMeant) {
  TemporaryDirectory directory;
  const std::pair<std::vector<std::string>, const char*> slips[] = {
      {{"usr", "list"}, "there is no command 'usr': is `latchkey user` meant?"},
      {{"user", "lsit"}, "there is no command 'lsit': is `latchkey user list` meant?"},
      {{"user", "group", "ad", "x", "y"}, "is `latchkey user group add` meant?"},
      {{"--json", "tokens"}, "is `latchkey token` meant?"},
      {{"key", "frobnicate"}, "there is no command 'frobnicate'; see `latchkey key --help`"}};
  for (const auto& [words, sentence] : slips) {
    const Finished command = run_latchkey(directory / "data", words);
    EXPECT_EQ(command.status, kWrongUsage) << sentence;
    EXPECT_TRUE(holds(command.errors, sentence)) << command.errors;
  }
  EXPECT_TRUE(run_latchkey(directory / "data", {"--version"}).output.starts_with("latchkey 0."));
}

TEST(CommandWords, MayStandInAnyOrder) {
  OwnServer server;
  const std::string listed = run_latchkey(server.process.data(), {"user", "list", "--json"}).output;
  ASSERT_TRUE(listed.starts_with("{\"users\":[")) << listed;
  EXPECT_EQ(run_latchkey(server.process.data(), {"--json", "user", "list"}).output, listed);
  EXPECT_EQ(run_latchkey(server.process.data(), {"user", "--json", "list"}).output, listed);
  const Finished behind =
      run_latchkey("/nowhere", {"user", "list", "--json", "--data", server.process.data().string()});
  EXPECT_EQ(behind.status, kWrongUsage) << "--data stands twice";
}

/// Beside a server and on the files alone.
class CommandWordsOf : public ::testing::TestWithParam<bool> {
 protected:
  CommandWordsOf() {
    add_user(server_.data(), kUser, kPassword);
    if (!GetParam()) server_.stop();
  }
  Finished run(const std::vector<std::string>& words) { return run_latchkey(server_.data(), words); }

  TemporaryDirectory directory_;
  ServerProcess server_{directory_ / "data"};
};

TEST_P(CommandWordsOf, ShowOneUser) {
  const Finished shown = run({"user", "show", kUser});
  EXPECT_EQ(shown.status, 0) << shown.errors;
  EXPECT_TRUE(holds(shown.output, "name        alice\n")) << shown.output;
  EXPECT_TRUE(holds(shown.output, "hash        $argon2id$v=19$m=")) << shown.output;
  EXPECT_TRUE(holds(shown.output, "tokens      0\n")) << shown.output;
  EXPECT_TRUE(holds(run({"user", "show", kUser, "--json"}).output, R"("live_tokens":0)"));
  EXPECT_EQ(run({"user", "show", "nobody"}).status, 1);
}

TEST_P(CommandWordsOf, RenameAUserWhoseTokensEndAndWhosePasswordStays) {
  if (!GetParam()) server_.start_again();
  HttpClient client(server_.port());
  const std::string token = obtain_token(client, "browser");
  if (!GetParam()) server_.stop();
  EXPECT_TRUE(holds(run({"user", "rename", kUser, "al\u200bice"}).errors, "U+200B"));
  const Finished renamed = run({"user", "rename", kUser, "alicia"});
  EXPECT_EQ(renamed.status, 0) << renamed.errors;
  EXPECT_TRUE(holds(renamed.output, "renamed alice to alicia")) << renamed.output;
  EXPECT_TRUE(holds(renamed.output, "; 1 token ended")) << renamed.output;
  EXPECT_EQ(run({"user", "rename", kUser, "alicia"}).status, 1) << "nobody has the name now";
  if (!GetParam()) server_.start_again();
  HttpClient again(server_.port());
  EXPECT_EQ(use_token(again, token, "browser").status, 401);
  EXPECT_EQ(log_in(again, "browser", kUser, kPassword).status, 400);
  EXPECT_EQ(log_in(again, "browser", "alicia", kPassword).status, 200);
  add_user(server_.data(), kUser, "another");
  EXPECT_TRUE(holds(run({"user", "rename", "alicia", kUser}).errors, "already"));
}

INSTANTIATE_TEST_SUITE_P(Of, CommandWordsOf, ::testing::Bool(), [](const auto& chosen) {
  return chosen.param ? "BesideAServer" : "WithoutAServer";
});

}  // namespace
}  // namespace latchkey::test
