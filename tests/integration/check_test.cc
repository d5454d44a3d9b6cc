// `latchkeyd --check`: whether a start would succeed. It leaves no trace on disk, even beside a running
// server.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <tuple>

#include "support/rig.h"

namespace latchkey::test {
namespace {

namespace fs = std::filesystem;

Finished check(const fs::path& data, const std::vector<std::string>& flags = {}, bool create = true) {
  ServerOptions options;
  options.flags = flags;
  ChildOptions command = server_command(data, options);
  command.arguments.emplace_back("--check");
  if (!create) std::erase(command.arguments, "--create");
  return run_to_end(command);
}

void expect_good(const Finished& checked, const std::vector<std::string>& parts = {}) {
  EXPECT_EQ(checked.status, 0) << checked.errors;
  EXPECT_TRUE(checked.output.starts_with("settings are good\n")) << checked.output;
  EXPECT_TRUE(checked.output.ends_with(" would go well\n")) << checked.output;
  EXPECT_EQ(checked.errors, "");
  for (const std::string& part : parts)
    EXPECT_NE(checked.output.find(part), std::string::npos) << part << " in: " << checked.output;
}

void expect_bad(const Finished& checked, const std::vector<std::string>& parts) {
  EXPECT_EQ(checked.status, 1) << checked.output;
  EXPECT_EQ(checked.output.find("would go well"), std::string::npos) << checked.output;
  EXPECT_TRUE(checked.errors.starts_with("latchkeyd: ")) << checked.errors;
  for (const std::string& part : parts)
    EXPECT_NE(checked.errors.find(part), std::string::npos) << part << " in: " << checked.errors;
}

/// Everything about a directory that a change would show in.
using Picture = std::map<std::string, std::tuple<ino_t, off_t, mode_t, uid_t, std::int64_t, std::int64_t>>;
Picture picture_of(const fs::path& directory) {
  Picture picture;
  const auto add = [&picture](const fs::path& path) {
    struct stat status {};
    ASSERT_EQ(::lstat(path.c_str(), &status), 0) << path;
    picture[path.string()] = {status.st_ino, status.st_size,        status.st_mode,
                              status.st_uid, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  };
  add(directory);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) add(entry.path());
  return picture;
}

TEST(Check, OfNothingSaysWhatAStartWouldMakeAndMakesNothing) {
  TemporaryDirectory directory;
  // The rig does this as well.
  give_to_test_user(directory.path());
  const Picture before = picture_of(directory.path());
  expect_good(check(directory / "data"),
              {"the start makes " + (directory / "data").string(), "latchkey.key"});
  expect_bad(check(directory / "data", {}, false), {directory / "data", "--create"});
  expect_bad(check(directory / "some/where"), {directory / "some/where", directory / "some"});
  expect_bad(check(directory.path(), {}, false), {directory / "latchkey.db"});
  EXPECT_EQ(picture_of(directory.path()), before);
}

TEST(Check, ChangesNothingWhetherTheLastRunEndedInOrderOrNot) {
  TemporaryDirectory directory;
  const fs::path data = directory / "data";
  for (const bool in_order : {true, false}) {
    ServerProcess server(data);
    add_user(data, in_order ? "alice" : "bob", kPassword);
    if (in_order) {
      ASSERT_EQ(server.stop(), 0) << server.log();
    } else {
      server.kill();
    }
    EXPECT_EQ(fs::exists(data / "latchkey.db-wal"), !in_order);
    const Picture before = picture_of(data);
    expect_good(check(data, {}, false), {in_order ? "has 1 user\n" : "has 2 users\n"});
    EXPECT_EQ(picture_of(data), before);
  }
}

TEST(Check, BesideTheServerOnTheSameDataSaysThatLockAndPortAreItsOwn) {
  OwnServer server;
  const fs::path& data = server.process.data();
  const std::string address = "127.0.0.1:" + std::to_string(server.process.port());
  const Picture before = picture_of(data);
  for (const std::string& listen : {address, "0.0.0.0:" + std::to_string(server.process.port())}) {
    expect_good(check(data, {"--listen", listen}, false),
                {"latchkeyd (pid " + std::to_string(server.process.pid()) + ") works on " + data.string(),
                 listen + " is held by that server"});
  }
  EXPECT_EQ(picture_of(data), before);
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "browser").status, 200) << "the server goes on";
}

TEST(Check, FindsAPortThatSomebodyElseHolds) {
  OwnServer first;
  TemporaryDirectory directory;
  const std::string address = "127.0.0.1:" + std::to_string(first.process.port());
  expect_bad(check(directory / "data", {"--listen", address}), {address, "in use"});
  OwnServer other;
  expect_bad(check(other.process.data(), {"--listen", address}), {address, "in use"});
}

TEST(Check, FindsWhatAStartWouldBeRefusedFor) {
  TemporaryDirectory directory;
  const fs::path data = directory / "data";
  {
    ServerProcess server(data);
    ASSERT_EQ(server.stop(), 0) << server.log();
  }
  const fs::path key = data / "latchkey.key";
  const fs::path away = directory / "away";
  fs::rename(key, away);
  expect_bad(check(data), {key, "key renew"});
  {
    ServerProcess other(directory / "other");
    ASSERT_EQ(other.stop(), 0) << other.log();
  }
  fs::copy_file(directory / "other/latchkey.key", key);
  expect_bad(check(data), {key, "is not the one"});
  std::ofstream(key, std::ios::trunc) << "nonsense\n";
  expect_bad(check(data), {key, "damaged"});
  fs::rename(away, key);
  expect_good(check(data, {}, false));

  const fs::path database = data / "latchkey.db";
  fs::rename(database, away);
  expect_bad(check(data), {database, "missing", "backup"});
  std::ofstream(database) << std::string(8192, 'x');
  fs::permissions(database, fs::perms(0600));
  expect_bad(check(data), {database});
  fs::rename(away, database);

  fs::remove(data / "admin.sock");
  std::ofstream(data / "admin.sock") << "a file";
  expect_bad(check(data), {data / "admin.sock", "not a socket"});
  fs::remove(data / "admin.sock");
  expect_good(check(data, {}, false));
}

TEST(Check, TellsEverythingThatIsWrongAtOnce) {
  OwnServer first;
  TemporaryDirectory directory;
  const fs::path data = directory / "data";
  {
    ServerProcess server(data);
    ASSERT_EQ(server.stop(), 0) << server.log();
  }
  fs::remove(data / "latchkey.key");
  const std::string address = "127.0.0.1:" + std::to_string(first.process.port());
  expect_bad(check(data, {"--listen", address, "--admin-socket", directory / "none/admin.sock"}),
             {"key renew", address, directory / "none"});
}

TEST(Check, WarnsOfVariablesThatAreNoSettingsByTheirNames) {
  TemporaryDirectory directory;
  ServerOptions options;
  options.environment = {"LATCHKEY_PORT=tcp://10.0.0.1:80", "LATCHKEY_SERVICE_HOST=10.0.0.1"};
  ChildOptions command = server_command(directory / "data", options);
  command.arguments.emplace_back("--check");
  const Finished checked = run_to_end(command);
  EXPECT_EQ(checked.status, 0) << checked.errors;
  EXPECT_NE(checked.errors.find("latchkeyd: warning: LATCHKEY_PORT is no setting and is ignored"),
            std::string::npos)
      << checked.errors;
  EXPECT_NE(checked.errors.find("LATCHKEY_SERVICE_HOST"), std::string::npos) << checked.errors;
  EXPECT_EQ(checked.errors.find("10.0.0.1"), std::string::npos) << checked.errors;
}

TEST(Variables, ThatAreNoSettingsAreWarningsInTheLogAndNoEndOfTheStart) {
  TemporaryDirectory directory;
  ServerOptions options;
  options.environment = {"LATCHKEY_PORT=tcp://10.0.0.1:80", "LATCHKEY_PORT_8080_TCP_ADDR=10.0.0.1",
                         "LATCHKEY_TOKEN_TIMEUOT=secret"};
  ServerProcess server(directory / "data", options);
  EXPECT_TRUE(server.wait_for_log("event=settings.ignored reason=\"LATCHKEY_PORT is no setting"));
  EXPECT_TRUE(server.wait_for_log("LATCHKEY_PORT_8080_TCP_ADDR"));
  EXPECT_TRUE(server.wait_for_log("did you mean LATCHKEY_TOKEN_TIMEOUT?"));
  EXPECT_EQ(server.stop(), 0) << server.log();
  EXPECT_EQ(server.log().find("10.0.0.1"), std::string::npos) << server.log();
  EXPECT_EQ(server.log().find("secret"), std::string::npos) << server.log();

  options.environment = {"LATCHKEY_CORES=many"};
  const Finished refused = run_to_end(server_command(directory / "data", options));
  EXPECT_EQ(refused.status, 1) << "a setting with a wrong value stays an error";
  EXPECT_NE(refused.errors.find("LATCHKEY_CORES"), std::string::npos) << refused.errors;
}

}  // namespace
}  // namespace latchkey::test
