// Listening Unix sockets as files: who may reach them, what a start finds in their place, and what `--check`
// says of them.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>

#include "support/rig.h"

namespace latchkey::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kListen = "unix:DIRECTORY/http.sock";

ServerOptions listening(std::vector<std::string> flags = {}) {
  ServerOptions options;
  options.cores = 2;
  options.flags = {"--listen", "127.0.0.1:0", "--listen", kListen};
  options.flags.insert(options.flags.end(), flags.begin(), flags.end());
  return options;
}

struct stat found(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

int ping(const std::string& path) {
  HttpClient client(path);
  return client.request("GET", "/api/v2/ping/").status;
}

Finished run_server(const fs::path& data, const ServerOptions& options, bool check = false) {
  ChildOptions command = server_command(data, options);
  if (check) command.arguments.emplace_back("--check");
  return run_to_end(command);
}

TEST(UnixSocket, HasTheModeOfItsSetting) {
  OwnServer usual(listening());
  const std::string path = usual.process.socket("http.sock");
  EXPECT_TRUE(S_ISSOCK(found(path).st_mode));
  EXPECT_EQ(found(path).st_mode & 0777, 0660U);
  EXPECT_EQ(ping(path), 200);
  OwnServer open(listening({"--unix-mode", "0666"}));
  EXPECT_EQ(found(open.process.socket("http.sock")).st_mode & 0777, 0666U);
}

TEST(UnixSocket, HasTheGroupOfItsSetting) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give a file to any group";
  constexpr gid_t kDaemon = 1;  // base-passwd has it in every Debian
  OwnServer server(listening({"--unix-group", "daemon"}));
  EXPECT_EQ(found(server.process.socket("http.sock")).st_gid, kDaemon);
  EXPECT_EQ(found(server.process.socket("http.sock")).st_uid, kTestUser);
  EXPECT_EQ(ping(server.process.socket("http.sock")), 200);
}

TEST(UnixSocket, OfAGroupThatDoesNotExistIsRefused) {
  TemporaryDirectory directory;
  for (const bool check : {false, true}) {
    const Finished start = run_server(directory / "data", listening({"--unix-group", "nobodys-own"}), check);
    EXPECT_EQ(start.status, 1);
    EXPECT_NE(start.errors.find("unix_group: there is no group 'nobodys-own'"), std::string::npos)
        << start.errors;
  }
}

TEST(UnixSocket, StaysBehindAndIsReplacedByTheNextStart) {
  OwnServer server(listening());
  const std::string path = server.process.socket("http.sock");
  server.process.kill();
  EXPECT_TRUE(fs::exists(path));
  server.process.start_again();
  EXPECT_EQ(ping(path), 200);
  EXPECT_EQ(server.process.stop(), 0);
  EXPECT_TRUE(fs::exists(path));
  server.process.start_again();
  EXPECT_EQ(ping(path), 200);
}

TEST(UnixSocket, ThatAnotherServerListensOnIsRefused) {
  OwnServer server(listening());
  const std::string path = server.process.socket("http.sock");
  for (const bool check : {false, true}) {
    TemporaryDirectory other;
    ServerOptions options = listening();
    options.flags = {"--listen", "127.0.0.1:0", "--listen", "unix:" + path};
    const Finished start = run_server(other / "data", options, check);
    EXPECT_EQ(start.status, 1);
    EXPECT_NE(start.errors.find("another process listens on '" + path + "'"), std::string::npos)
        << start.errors;
  }
  EXPECT_EQ(ping(path), 200) << "the first one is left alone";
}

TEST(UnixSocket, OfTheServerOnTheSameDataIsNoProblemToACheck) {
  OwnServer server(listening());
  const Finished checked = run_server(server.process.data(), listening(), true);
  EXPECT_EQ(checked.status, 0) << checked.errors;
  EXPECT_NE(checked.output.find("unix:" + server.process.socket("http.sock") + " is held by that server"),
            std::string::npos)
      << checked.output;
}

TEST(UnixSocket, WhoseDirectoryIsMissingOrAnybodysIsRefused) {
  TemporaryDirectory directory;
  fs::create_directory(directory / "open");
  fs::permissions(directory / "open", fs::perms::all);
  for (const std::string name : {"missing", "open"}) {
    ServerOptions options = listening();
    options.flags = {"--listen", "127.0.0.1:0", "--listen", "unix:DIRECTORY/" + name + "/http.sock"};
    for (const bool check : {false, true}) {
      const Finished start = run_server(directory / "data", options, check);
      EXPECT_EQ(start.status, 1);
      EXPECT_NE(start.errors.find(directory / name), std::string::npos) << start.errors;
    }
  }
}

TEST(UnixSocket, IsNotPutInThePlaceOfAFile) {
  TemporaryDirectory directory;
  std::ofstream(directory / "http.sock") << "something";
  for (const bool check : {false, true}) {
    const Finished start = run_server(directory / "data", listening(), check);
    EXPECT_EQ(start.status, 1);
    EXPECT_NE(start.errors.find("is not a socket"), std::string::npos) << start.errors;
  }
  EXPECT_EQ(fs::file_size(directory / "http.sock"), 9U);
}

TEST(UnixSocket, IsNamedByTheLineThatSaysWhereTheServerListens) {
  OwnServer server(listening({"--verify-listen", "envoy@unix:DIRECTORY/verify.sock"}));
  EXPECT_TRUE(server.process.wait_for_log("listening on unix:" + server.process.socket("http.sock")));
  EXPECT_TRUE(server.process.wait_for_log("listening on unix:" + server.process.socket("verify.sock") +
                                          " (questions of envoy)"));
}

}  // namespace
}  // namespace latchkey::test
