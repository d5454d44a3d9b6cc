// What a running server has given up, thread by thread.
#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "latchkey/base/sanitized.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kNoCapability = "0000000000000000";
constexpr uid_t kSomeUser = 64'001;
constexpr gid_t kSomeGroup = 64'002;

using Status = std::map<std::string, std::string>;

Status status_of(const std::filesystem::path& task) {
  Status status;
  std::ifstream file(task / "status");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t value = line.find_first_not_of("\t ", colon + 1);
    status[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
  }
  return status;
}

std::vector<Status> threads_of(pid_t pid) {
  std::vector<Status> threads;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    threads.push_back(status_of(task.path()));
  }
  return threads;
}

TEST(Confinement, NoThreadOfAnyKindKeepsACapabilityOrAWayToOne) {
  OwnServer server;
  add_user(server.process.data(), "carol", "correct horse");
  HttpClient client(server.process.port());
  obtain_token(client, "browser", "carol", "correct horse");
  std::set<std::string> names;
  for (Status& thread : threads_of(server.process.pid())) {
    names.insert(thread["Name"]);
    for (const char* const set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
      EXPECT_EQ(thread[set], kNoCapability) << set << " of " << thread["Name"];
    }
    if (::geteuid() == 0) {
      EXPECT_EQ(thread["CapBnd"], kNoCapability) << thread["Name"];
    }
    EXPECT_EQ(thread["NoNewPrivs"], "1") << thread["Name"];
    if (!kSanitized) {
      EXPECT_EQ(thread["Seccomp"], "2") << thread["Name"];
    }
  }
  for (const char* const name :
       {"latchkeyd", "core-0", "store", "hash-0", "standby-0", "latchkey-pages", "latchkey-log"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(Confinement, StartedAsRootItBecomesTheOwnerOfItsData) {
  if (::geteuid() != 0) GTEST_SKIP() << "root alone may become another";
  const TemporaryDirectory directory;
  ASSERT_EQ(::chown(directory.path().c_str(), kSomeUser, kSomeGroup), 0);
  ServerProcess server(directory.path());
  for (Status& thread : threads_of(server.pid())) {
    EXPECT_EQ(thread["Uid"], "64001\t64001\t64001\t64001") << thread["Name"];
    EXPECT_EQ(thread["Gid"], "64002\t64002\t64002\t64002") << thread["Name"];
    EXPECT_EQ(thread["Groups"].find_first_not_of(' '), std::string::npos) << thread["Groups"];
  }
  add_user(server.data(), "carol", "correct horse");
  HttpClient client(server.port());
  const std::string token = obtain_token(client, "browser", "carol", "correct horse");
  EXPECT_EQ(use_token(client, token, "browser").status, 200);
  for (const auto& file : std::filesystem::directory_iterator(server.data())) {
    struct stat status {};
    ASSERT_EQ(::lstat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, kSomeUser) << file.path();
  }
  EXPECT_EQ(server.stop(), 0);
  EXPECT_EQ(server.log().find("server.not_confined"), std::string::npos) << server.log();
}

TEST(Confinement, OverRootsDataRootIsRefusedOrStaysWhereItMayAndTheLogSaysSo) {
  if (::geteuid() != 0) GTEST_SKIP() << "nobody else is root";
  const TemporaryDirectory directory;
  ServerOptions options;
  options.keep_owner = true;
  const Finished refused = run_to_end(server_command(directory / "data", options));
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.errors.find("does not run as root"), std::string::npos) << refused.errors;
  EXPECT_EQ(std::count(refused.errors.begin(), refused.errors.end(), '\n'), 1) << refused.errors;
  EXPECT_FALSE(std::filesystem::exists(directory / "data"));
  options.flags = {"--allow-root"};
  ServerProcess server(directory / "data", options);
  EXPECT_TRUE(
      server.wait_for_log("event=server.not_confined reason=\"it runs as root, as allow_root lets it"))
      << server.log();
  EXPECT_EQ(server.stop(), 0);
}

TEST(Confinement, TheServersOfTheTestsAreConfinedAsInLife) {
  OwnServer server;
  for (Status& thread : threads_of(server.process.pid())) {
    EXPECT_NE(thread["Uid"].substr(0, 2), "0\t") << thread["Name"];
  }
  EXPECT_EQ(server.process.stop(), 0);
  if (!kSanitized) {
    EXPECT_EQ(server.process.log().find("server.not_confined"), std::string::npos) << server.process.log();
  }
}

TEST(Confinement, WithoutASandboxNothingIsGivenUpAndTheLogSaysSo) {
  ServerOptions options;
  options.flags = {"--sandbox=false"};
  OwnServer server(options);
  EXPECT_TRUE(server.process.wait_for_log("`sandbox` is off")) << server.process.log();
  for (Status& thread : threads_of(server.process.pid())) EXPECT_EQ(thread["Seccomp"], "0") << thread["Name"];
}

// The sandbox has no right to remove the socket there, because such a right would cover every file in that
// directory.
TEST(Confinement, AnAdminSocketOutsideTheDataIsLeftAtAStopPassedOverByTheCommandAndReplacedByTheNextStart) {
  const TemporaryDirectory elsewhere;
  give_to_test_user(elsewhere.path());
  const std::string socket = elsewhere / "admin.sock";
  ServerOptions options;
  options.flags = {"--admin-socket", socket};
  OwnServer server;
  server.process.start_again(options);
  EXPECT_EQ(server.process.stop(), 0) << server.process.log();
  ASSERT_TRUE(std::filesystem::exists(socket));
  const auto lists_users = [&] {
    const Finished listed = run_latchkey(server.process.data(), {"--admin-socket", socket, "user", "list"});
    return listed.status == 0 && listed.output.find(kUser) != std::string::npos;
  };
  EXPECT_TRUE(lists_users()) << "without a server";
  server.process.start_again();
  EXPECT_TRUE(lists_users()) << "by a server that has the socket";
}

/// The next message to a service manager, and the process that sent it: systemd believes only the main
/// process.
std::pair<std::string, pid_t> heard_by(int manager) {
  std::array<char, 512> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  iovec part{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t bytes = ::recvmsg(manager, &message, MSG_CMSG_CLOEXEC);
  ucred sender{};
  if (const cmsghdr* const found = CMSG_FIRSTHDR(&message); bytes > 0 && found != nullptr) {
    std::memcpy(&sender, CMSG_DATA(found), sizeof sender);
  }
  return {std::string(text.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0), sender.pid};
}

int listen_as_manager(const std::string& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  address.copy(name.sun_path, sizeof name.sun_path - 1);
  if (address.front() == '@') name.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  const int manager = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const timeval patience{kPatience.count(), 0};
  EXPECT_EQ(::setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  EXPECT_EQ(::bind(manager, reinterpret_cast<const sockaddr*>(&name), length), 0);
  const int on = 1;
  EXPECT_EQ(::setsockopt(manager, SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
  if (address.front() == '/') give_to_test_user(std::filesystem::path(address).parent_path());
  return manager;
}

void expect_to_hear(const std::string& address) {
  const int manager = listen_as_manager(address);
  ServerOptions options;
  options.environment = {"NOTIFY_SOCKET=" + address};
  OwnServer server(options);
  const pid_t pid = server.process.pid();
  EXPECT_EQ(heard_by(manager), std::pair(std::string("READY=1"), pid));
  EXPECT_EQ(server.process.stop(), 0);
  // Ten seconds of `drain_timeout`, and as long as the next request for time would give.
  EXPECT_EQ(heard_by(manager), std::pair(std::string("STOPPING=1\nEXTEND_TIMEOUT_USEC=100000000"), pid));
  EXPECT_EQ(heard_by(manager), std::pair(std::string("EXTEND_TIMEOUT_USEC=90000000"), pid))
      << "for what is left to write";
  ::close(manager);
}

TEST(Notification, TheServiceManagerHearsThatItIsReadyAndThatItStops) {
  const TemporaryDirectory directory;
  expect_to_hear(directory / "notify");
}

TEST(Notification, TheServiceManagerIsAskedForTimeWhileSessionsLoad) {
  OwnServer server;
  HttpClient client(server.process.port());
  obtain_token(client, "browser");
  EXPECT_EQ(server.process.stop(), 0);
  const TemporaryDirectory directory;
  const int manager = listen_as_manager(directory / "notify");
  ServerOptions options;
  options.environment = {"NOTIFY_SOCKET=" + (directory / "notify").string()};
  server.process.start_again(options);
  EXPECT_EQ(heard_by(manager).first, "EXTEND_TIMEOUT_USEC=90000000");
  EXPECT_EQ(heard_by(manager).first, "READY=1");
  EXPECT_EQ(server.process.stop(), 0);
  ::close(manager);
}

TEST(Notification, AManagerWithAnAbstractNameHearsIt) {
  expect_to_hear("@latchkey-manager-" + std::to_string(::getpid()));
}

TEST(Notification, WhereNobodyListensTheServerSaysSoAndServes) {
  for (const std::string address : {"/nobody/listens", "vsock:2:1", "relative"}) {
    ServerOptions options;
    options.environment = {"NOTIFY_SOCKET=" + address};
    OwnServer server(options);
    EXPECT_TRUE(server.process.wait_for_log("the service manager's socket " + address))
        << server.process.log();
    HttpClient client(server.process.port());
    obtain_token(client, "browser");
  }
}

}  // namespace
}  // namespace latchkey::test
