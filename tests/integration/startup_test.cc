// Starts that must fail, each with a sentence that says what to do, and starts that must not.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/rig.h"

namespace latchkey::test {
namespace {

Finished run_server(const std::filesystem::path& data, std::vector<std::string> flags) {
  ServerOptions options;
  options.flags = std::move(flags);
  return run_to_end(server_command(data, options));
}

/// Expects a refused start: its exit status, and one line that begins with the program's name and contains
/// all `parts`.
void expect_refused(const Finished& start, std::initializer_list<std::string> parts) {
  EXPECT_EQ(start.status, 1) << start.errors;
  EXPECT_TRUE(start.errors.starts_with("latchkeyd: ")) << start.errors;
  EXPECT_EQ(std::count(start.errors.begin(), start.errors.end(), '\n'), 1) << start.errors;
  EXPECT_EQ(start.errors.find("listening on"), std::string::npos);
  for (const std::string& part : parts)
    EXPECT_NE(start.errors.find(part), std::string::npos) << part << " in: " << start.errors;
}

/// A data directory in which a server has run and one login was answered.
struct OldData {
  OldData() {
    ServerProcess server(path());
    add_user(path(), kUser, kPassword);
    HttpClient client(server.port());
    token = obtain_token(client, "browser");
    EXPECT_EQ(server.stop(), 0) << server.log();
  }

  std::filesystem::path path() const { return directory / "data"; }
  std::filesystem::path key_path() const { return path() / "latchkey.key"; }
  std::filesystem::path database_path() const { return path() / "latchkey.db"; }

  TemporaryDirectory directory;
  std::string token;
};

TEST(Start, OnAnotherKeyFileNamesKeyFileAndDatabase) {
  OldData old;
  TemporaryDirectory other;
  { ServerProcess server(other / "data"); }
  const std::filesystem::path other_key = other / "data/latchkey.key";
  const Finished start = run_server(old.path(), {"--key-file", other_key.string()});
  expect_refused(start, {other_key.string(), old.database_path().string()});
  // The refused start has broken nothing.
  ServerProcess server(old.path());
  HttpClient client(server.port());
  EXPECT_EQ(use_token(client, old.token, "browser").status, 200);
}

TEST(Start, WithoutTheKeyFileNamesKeyFileAndDatabaseAndMakesNoNewKey) {
  OldData old;
  const std::filesystem::path away = old.directory / "away.key";
  std::filesystem::rename(old.key_path(), away);
  const Finished start = run_server(old.path(), {});
  expect_refused(start, {old.key_path().string(), old.database_path().string()});
  EXPECT_FALSE(std::filesystem::exists(old.key_path()));
  std::filesystem::rename(away, old.key_path());
  ServerProcess server(old.path());
  HttpClient client(server.port());
  EXPECT_EQ(use_token(client, old.token, "browser").status, 200);
}

TEST(Start, OnAKeyFileThatOthersCanReadIsRefused) {
  OldData old;
  std::filesystem::permissions(old.key_path(), std::filesystem::perms(0644));
  expect_refused(run_server(old.path(), {}), {old.key_path().string(), "600"});
}

TEST(Start, OnABrokenKeyFileIsRefused) {
  OldData old;
  std::ofstream(old.key_path(), std::ios::trunc) << "nonsense\n";
  expect_refused(run_server(old.path(), {}), {old.key_path().string()});
}

TEST(Start, OnAFileThatIsNoDatabaseIsRefused) {
  OldData old;
  std::filesystem::remove(old.database_path().string() + "-wal");
  std::ofstream(old.database_path(), std::ios::trunc) << std::string(8192, 'x');
  expect_refused(run_server(old.path(), {}), {old.database_path().string()});
}

TEST(Start, MakesItsFilesForItsUserAlone) {
  OldData old;
  const auto mode_of = [](const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777U;
  };
  ServerProcess server(old.path());
  EXPECT_EQ(mode_of(old.path()), 0700U);
  EXPECT_EQ(mode_of(old.key_path()), 0600U);
  EXPECT_EQ(mode_of(old.database_path()), 0600U);
  EXPECT_EQ(mode_of(old.path() / "admin.sock"), 0600U);
}

TEST(Start, OverADataDirectoryInUseNamesItAndItsServer) {
  OwnServer server;
  const Finished second = run_server(server.process.data(), {});
  expect_refused(second, {server.process.data().string(), std::to_string(server.process.pid())});
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "browser").status, 200) << "the first goes on";
}

TEST(Start, OnAPortInUseNamesIt) {
  OwnServer first;
  TemporaryDirectory other;
  const std::string address = "127.0.0.1:" + std::to_string(first.process.port());
  expect_refused(run_server(other / "data", {"--listen", address}), {address, "in use"});
  HttpClient client(first.process.port());
  EXPECT_EQ(log_in(client, "browser").status, 200) << "the first goes on";
}

TEST(Start, OnAPortThatHasJustBeenLeftGoesWell) {
  OwnServer server;
  HttpClient client(server.process.port());
  EXPECT_EQ(client.request("GET", "/api/v2/ping/").status, 200);
  const std::uint16_t port = server.process.port();
  ASSERT_EQ(server.process.stop(), 0) << server.process.log();
  ServerOptions options;
  options.flags = {"--listen", "127.0.0.1:" + std::to_string(port)};
  server.process.start_again(options);
  EXPECT_EQ(server.process.port(), port);
}

TEST(Start, OnPort0SaysWhichPortItHas) {
  OwnServer server;
  EXPECT_NE(server.process.log().find(
                "latchkeyd: listening on http://127.0.0.1:" + std::to_string(server.process.port()) + "\n"),
            std::string::npos)
      << server.process.log();
}

TEST(Start, OnSeveralAddressesServesThemAll) {
  ServerOptions options;
  options.cores = 2;
  options.flags = {"--listen", "127.0.0.1:0", "--listen", "[::1]:0"};
  OwnServer server(options);
  EXPECT_TRUE(server.process.wait_for_log("latchkeyd: listening on http://[::1]:")) << server.process.log();
}

TEST(Start, OnAnAddressOfAnotherMachineIsRefused) {
  TemporaryDirectory directory;
  expect_refused(run_server(directory / "data", {"--listen", "192.0.2.1:8080"}), {"192.0.2.1:8080"});
}

TEST(Start, WithAnUnknownSettingNamesItAndTheNearestOne) {
  TemporaryDirectory directory;
  expect_refused(run_server(directory / "data", {"--token-timeuot", "30m"}),
                 {"--token-timeuot", "--token-timeout"});

  const std::filesystem::path file = directory / "latchkeyd.toml";
  std::ofstream(file) << "# settings\ntoken_timeuot = \"30m\"\n";
  expect_refused(run_server(directory / "data", {"--config", file.string()}),
                 {file.string() + ":2", "token_timeuot", "token_timeout"});
  EXPECT_FALSE(std::filesystem::exists(directory / "data")) << "a start with wrong settings touches nothing";
}

TEST(Start, TakesSettingsFromFileEnvironmentAndFlagsInThisOrder) {
  TemporaryDirectory directory;
  const std::filesystem::path file = directory / "latchkeyd.toml";
  std::ofstream(file) << "node = \"of-the-file\"\ntoken_timeout = \"1m\"\ncores = 1\n";
  ServerOptions options;
  options.flags = {"--config", file.string(), "--token-timeout", "3m"};
  ChildOptions command = server_command(directory / "data", options);
  command.environment = {"LATCHKEY_NODE=of-the-environment", "LATCHKEY_TOKEN_TIMEOUT=2m"};
  command.arguments.emplace_back("--print-config");
  const Finished printed = run_to_end(command);
  EXPECT_EQ(printed.status, 0) << printed.errors;
  EXPECT_NE(printed.output.find("\nnode = \"of-the-environment\"\n"), std::string::npos) << printed.output;
  EXPECT_NE(printed.output.find("\ntoken_timeout = \"3m\"\n"), std::string::npos) << printed.output;
}

TEST(Check, TellsEverythingThatIsWrongWithItsLine) {
  TemporaryDirectory directory;
  const std::filesystem::path file = directory / "latchkeyd.toml";
  std::ofstream(file) << "node = \"door\"\ntoken_timeout = \"soon\"\n\nlisten = \"nowhere\"\ncoers = 2\n";
  const Finished checked = run_server(directory / "data", {"--check", "--config", file.string()});
  EXPECT_EQ(checked.status, 1);
  for (const std::string part : {":2: token_timeout", ":4: listen", ":5: coers"}) {
    EXPECT_NE(checked.errors.find(file.string() + part), std::string::npos)
        << part << " in: " << checked.errors;
  }
  EXPECT_FALSE(std::filesystem::exists(directory / "data"));
}

TEST(Sandbox, ThatDeniesIoUringIsNamedInOneLineWithTheWayOut) {
  for (const auto& [error, name] : {std::pair{EPERM, "EPERM"}, std::pair{ENOSYS, "ENOSYS"}}) {
    TemporaryDirectory directory;
    ChildOptions command = server_command(directory / "data", {});
    command.io_uring_errno = error;
    const Finished start = run_to_end(command);
    expect_refused(start, {"io_uring", name, "seccomp"});
  }
}

TEST(Stop, BySigintIsAsCleanAsBySigterm) {
  OwnServer server;
  ASSERT_EQ(::kill(server.process.pid(), SIGINT), 0);
  EXPECT_EQ(server.process.wait(), 0) << server.process.log();
}

TEST(Stop, LeavesNoSocketAndNoLockInTheWay) {
  OldData old;
  for (int i = 0; i < 3; ++i) {
    ServerProcess server(old.path());
    HttpClient client(server.port());
    EXPECT_EQ(use_token(client, old.token, "browser").status, 200);
    if (i == 1) {
      server.kill();
    } else {
      EXPECT_EQ(server.stop(), 0) << server.log();
    }
  }
}

}  // namespace
}  // namespace latchkey::test
