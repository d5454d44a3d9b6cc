// What the server and the command do with a data directory that is not the expected one. They create nothing
// unasked, and never silently recreate what was lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>

#include "support/rig.h"

namespace latchkey::test {
namespace {

namespace fs = std::filesystem;

/// Runs latchkeyd over `data` without --create, which the rig's own command line has.
Finished start_without_create(const fs::path& data, const std::vector<std::string>& flags = {}) {
  ServerOptions options;
  options.flags = flags;
  ChildOptions command = server_command(data, options);
  std::erase(command.arguments, "--create");
  return run_to_end(command);
}

Finished start(const fs::path& data, const std::vector<std::string>& flags = {}) {
  ServerOptions options;
  options.flags = flags;
  return run_to_end(server_command(data, options));
}

/// Expects one line that begins with the program's name and contains all `parts`.
void expect_refused(const Finished& finished, const std::vector<std::string>& parts) {
  EXPECT_EQ(finished.status, 1) << finished.output << finished.errors;
  EXPECT_EQ(std::count(finished.errors.begin(), finished.errors.end(), '\n'), 1) << finished.errors;
  for (const std::string& part : parts)
    EXPECT_NE(finished.errors.find(part), std::string::npos) << part << " in: " << finished.errors;
}

Finished add(const fs::path& data, std::vector<std::string> words = {}) {
  words.insert(words.begin(), {"user", "add", "alice", "--password-stdin"});
  return run_latchkey(data, words, "open sesame\n");
}

TEST(Create, IsAskedOfTheCommandBeforeItMakesADirectoryOrADatabase) {
  TemporaryDirectory directory;
  expect_refused(add(directory / "typo"), {"latchkey: ", directory / "typo", "--create"});
  EXPECT_FALSE(fs::exists(directory / "typo"));
  expect_refused(add(directory.path()), {directory / "latchkey.db", "--create"});
  EXPECT_TRUE(fs::is_empty(directory.path())) << "a directory without a database stays as it is";

  const Finished added = add(directory / "data", {"--create"});
  EXPECT_EQ(added.status, 0) << added.errors;
  EXPECT_EQ(added.output, "added alice in " + (directory / "data").string() + "\n");
}

TEST(Create, IsNoFlagOfCommandsThatMakeNoUserAndTheyMakeNothing) {
  TemporaryDirectory directory;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"user", "list"},
                                                {"user", "passwd", "alice", "--password-stdin"},
                                                {"user", "disable", "alice"},
                                                {"user", "enable", "alice"},
                                                {"user", "delete", "alice"},
                                                {"token", "list", "alice"},
                                                {"token", "revoke", "alice"}}) {
    expect_refused(run_latchkey(directory / "data", words, "open sesame\n"), {directory / "data"});
    expect_refused(run_latchkey(directory.path(), words, "open sesame\n"), {directory / "latchkey.db"});
    std::vector<std::string> creating = words;
    creating.emplace_back("--create");
    EXPECT_EQ(run_latchkey(directory / "data", creating).status, 2);
    EXPECT_TRUE(fs::is_empty(directory.path()));
  }
}

TEST(Create, IsAskedOfTheServerBeforeItMakesADirectoryADatabaseOrAKey) {
  TemporaryDirectory directory;
  expect_refused(start_without_create(directory / "typo"), {"latchkeyd: ", directory / "typo", "--create"});
  expect_refused(start_without_create(directory.path()), {directory / "latchkey.db", "--create"});
  EXPECT_TRUE(fs::is_empty(directory.path()));

  ASSERT_EQ(add(directory / "data", {"--create"}).status, 0);
  expect_refused(start_without_create(directory / "data"), {directory / "data/latchkey.key", "--create"});
  EXPECT_FALSE(fs::exists(directory / "data/latchkey.key"));
}

TEST(Create, MakesOneDirectoryAndNotATree) {
  TemporaryDirectory directory;
  expect_refused(start(directory / "some/where/else"), {directory / "some/where/else", "above it"});
  expect_refused(add(directory / "some/where", {"--create"}), {directory / "some/where", "above it"});
  EXPECT_TRUE(fs::is_empty(directory.path()));
}

TEST(Create, OnceIsEnoughForEveryLaterStart) {
  TemporaryDirectory directory;
  { ServerProcess first(directory / "data"); }
  ServerOptions options;
  ChildOptions command = server_command(directory / "data", options);
  std::erase(command.arguments, "--create");
  ChildProcess second(command);
  EXPECT_TRUE(second.wait_for_line("listening on")) << second.errors();
}

TEST(Create, MakesNoDatabaseInThePlaceOfOneThatWasLostBesideItsKey) {
  TemporaryDirectory directory;
  const fs::path data = directory / "data";
  {
    ServerProcess server(data);
    add_user(data, kUser, kPassword);
    ASSERT_EQ(server.stop(), 0) << server.log();
  }
  const fs::path database = data / "latchkey.db";
  const fs::path away = directory / "latchkey.db";
  fs::rename(database, away);
  const std::vector<std::string> parts = {database, data / "latchkey.key", "backup"};
  expect_refused(start(data), parts);
  expect_refused(add(data, {"--create"}), parts);
  EXPECT_FALSE(fs::exists(database));

  std::ofstream(database).close();
  fs::permissions(database, fs::perms(0600));
  expect_refused(start(data), parts);
  expect_refused(add(data, {"--create"}), parts);
  EXPECT_EQ(fs::file_size(database), 0U);

  fs::rename(away, database);
  ServerProcess server(data);
  HttpClient client(server.port());
  EXPECT_EQ(log_in(client, "browser").status, 200) << "what was put back serves as before";
}

TEST(Create, MakesADatabaseBesideNoKeyWhereKeyFileNamesAnotherPlace) {
  TemporaryDirectory directory;
  const std::vector<std::string> flags = {"--key-file", directory / "kept.key"};
  ServerOptions options;
  options.flags = flags;
  { ServerProcess first(directory / "first", options); }
  ServerProcess second(directory / "second", options);
  EXPECT_TRUE(fs::exists(directory / "second/latchkey.db"));
  EXPECT_FALSE(fs::exists(directory / "second/latchkey.key"));
}

TEST(Place, IsNamedByEveryCommandThatChangesSomething) {
  TemporaryDirectory directory;
  const fs::path data = directory / "data";
  const std::string alone = " in " + data.string();
  const std::string beside = " through the server at " + (data / "admin.sock").string();
  std::unique_ptr<ServerProcess> server = std::make_unique<ServerProcess>(data);
  for (const std::string& place : {beside, alone}) {
    const std::map<std::string, std::vector<std::string>> said = {
        {"added alice" + place, {"user", "add", "alice", "--password-stdin"}},
        {"set the password of alice" + place, {"user", "passwd", "alice", "--password-stdin"}},
        {"disabled alice" + place, {"user", "disable", "alice"}},
        {"enabled alice" + place, {"user", "enable", "alice"}},
        {"logged alice out" + place, {"token", "revoke", "alice"}},
    };
    for (const auto& [text, words] : said) {
      const Finished done = run_latchkey(data, words, "open sesame\n");
      EXPECT_TRUE(done.output.starts_with(text)) << text << " in: " << done.output << done.errors;
    }
    const Finished deleted = run_latchkey(data, {"user", "delete", "alice"});
    EXPECT_TRUE(deleted.output.starts_with("deleted alice" + place)) << deleted.output << deleted.errors;
    if (!server) continue;
    EXPECT_EQ(server->stop(), 0) << server->log();
    server.reset();
  }
}

TEST(Started, WithoutUsersSaysWhatToDo) {
  TemporaryDirectory directory;
  ServerProcess server(directory / "data");
  const std::optional<std::string> first = server.wait_for_log("event=server.started");
  ASSERT_TRUE(first);
  EXPECT_NE(first->find(" users=0 "), std::string::npos) << *first;
  EXPECT_NE(first->find("latchkey --data " + (directory / "data").string() + " user add NAME"),
            std::string::npos)
      << *first;
  add_user(server.data(), kUser, kPassword);
  server.start_again();
  const std::optional<std::string> second = server.wait_for_log("event=server.started");
  ASSERT_TRUE(second);
  EXPECT_NE(second->find(" users=1 "), std::string::npos) << *second;
  EXPECT_EQ(second->find("user add"), std::string::npos) << *second;
}

}  // namespace
}  // namespace latchkey::test
