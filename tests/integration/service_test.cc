// What a service manager gives to the server besides sockets, and who is let in under the shipped unit: the
// key as a credential, in both ways in which systemd lays one, and the admin socket of a group.
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "integration/stranger.h"
#include "latchkey/base/sanitized.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

namespace fs = std::filesystem;

constexpr gid_t kUsers = 100;  // base-passwd has it in every Debian

/// Lets one user read what is root's, as setfacl(1) does: systemd lays credentials so from version 254 on.
void admit_by_list(const fs::path& path, uid_t user, __u16 rights) {
  struct {
    posix_acl_xattr_header header{POSIX_ACL_XATTR_VERSION};
    std::array<posix_acl_xattr_entry, 5> entries;
  } list{.entries = {{{ACL_USER_OBJ, rights, static_cast<__u32>(ACL_UNDEFINED_ID)},
                      {ACL_USER, rights, user},
                      {ACL_GROUP_OBJ, 0, static_cast<__u32>(ACL_UNDEFINED_ID)},
                      {ACL_MASK, rights, static_cast<__u32>(ACL_UNDEFINED_ID)},
                      {ACL_OTHER, 0, static_cast<__u32>(ACL_UNDEFINED_ID)}}}};
  if (::setxattr(path.c_str(), "system.posix_acl_access", &list, sizeof list, 0) != 0) {
    throw std::runtime_error("no access control list for " + path.string());
  }
}

/// Data whose key has been moved into a directory of credentials. A server has run over it and given a token.
class KeyAsCredential : public ::testing::Test {
 protected:
  KeyAsCredential() {
    HttpClient client(before_.process.port());
    token_ = obtain_token(client, "browser");
    EXPECT_EQ(before_.process.stop(), 0) << before_.process.log();
    fs::create_directory(credentials_);
    fs::rename(data_ / "latchkey.key", key_);
  }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root lays credentials for another user";
  }

  /// As systemd before 254, and later where the file system has no access control lists.
  void lay_by_owner() {
    for (const fs::path& path : {key_, credentials_}) {
      ASSERT_EQ(::chown(path.c_str(), kTestUser, kTestUser), 0);
    }
    ASSERT_EQ(::chmod(key_.c_str(), 0400), 0);
    ASSERT_EQ(::chmod(credentials_.c_str(), 0500), 0);
  }

  void lay_by_list() {
    for (const fs::path& path : {key_, credentials_}) ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
    ASSERT_EQ(::chmod(key_.c_str(), 0400), 0);
    ASSERT_EQ(::chmod(credentials_.c_str(), 0500), 0);
    admit_by_list(key_, kTestUser, ACL_READ);
    admit_by_list(credentials_, kTestUser, ACL_READ | ACL_EXECUTE);
    struct stat found {};
    ASSERT_EQ(::stat(key_.c_str(), &found), 0);
    ASSERT_EQ(found.st_mode & 07777, mode_t{0440}) << "what stat shows of such a list";
  }

  ServerOptions options() const {
    ServerOptions options;
    options.environment = {"CREDENTIALS_DIRECTORY=" + credentials_.string(),
                           "LATCHKEY_KEY_FILE=" + key_.string()};
    return options;
  }

  void expect_served() {
    ServerProcess server(data_, options());
    HttpClient client(server.port());
    EXPECT_EQ(use_token(client, token_, "browser").status, 200) << "a token made with the same key";
    EXPECT_FALSE(fs::exists(data_ / "latchkey.key"));
    EXPECT_EQ(server.stop(), 0) << server.log();
  }

  /// Expects a start and `--check` to be refused with a sentence that contains `part`.
  void expect_refused(const ServerOptions& wanted, const std::string& part) {
    for (const bool check : {false, true}) {
      ChildOptions command = server_command(data_, wanted);
      if (check) command.arguments.emplace_back("--check");
      const Finished refused = run_to_end(command);
      EXPECT_EQ(refused.status, 1) << refused.output << refused.errors;
      EXPECT_NE(refused.errors.find(part), std::string::npos) << part << " in: " << refused.errors;
    }
  }

  OwnServer before_;
  const fs::path data_ = before_.process.data();
  const fs::path credentials_ = before_.directory / "credentials";
  const fs::path key_ = credentials_ / "latchkey.key";
  std::string token_;
};

TEST_F(KeyAsCredential, IsReadWhereItIsTheUsersOwn) {
  lay_by_owner();
  expect_served();
}

TEST_F(KeyAsCredential, IsReadWhereItIsRootsAndAListAdmitsTheUser) {
  lay_by_list();
  expect_served();
}

TEST_F(KeyAsCredential, IsRefusedIfAnybodyMayWriteToItOrOthersMayReadIt) {
  lay_by_owner();
  for (const mode_t mode : {0600U, 0460U, 0444U, 0404U, 0402U}) {
    ASSERT_EQ(::chmod(key_.c_str(), mode), 0);
    expect_refused(options(), "LoadCredential=");
  }
  ASSERT_EQ(::chmod(key_.c_str(), 0440), 0);
  expect_served();
}

TEST_F(KeyAsCredential, IsRefusedInADirectoryThatOthersMayWriteTo) {
  lay_by_owner();
  ASSERT_EQ(::chmod(credentials_.c_str(), 0570), 0);
  expect_refused(options(), credentials_);
}

TEST_F(KeyAsCredential, HasNoRuleOfItsOwnOutsideTheDirectoryOfCredentials) {
  lay_by_owner();
  ASSERT_EQ(::chmod(key_.c_str(), 0440), 0);
  ServerOptions elsewhere = options();
  elsewhere.environment.front() = "CREDENTIALS_DIRECTORY=" + (before_.directory / "other").string();
  expect_refused(elsewhere, "chmod 600");
  elsewhere.environment.front() = "CREDENTIALS_DIRECTORY=";
  expect_refused(elsewhere, "chmod 600");
}

TEST_F(KeyAsCredential, ThatIsMissingMakesNoNewKey) {
  lay_by_owner();
  fs::remove(key_);
  ServerOptions creating = options();
  creating.flags = {"--create"};
  expect_refused(creating, "there is no credential " + key_.string());
  // Over new data too, which no key has made yet.
  fs::remove_all(data_);
  fs::create_directory(data_);
  give_to_test_user(data_);
  expect_refused(creating, "there is no credential " + key_.string());
  EXPECT_FALSE(fs::exists(key_));
  EXPECT_FALSE(fs::exists(data_ / "latchkey.key"));
}

TEST(AdminGroup, ServesItsMembersAndNobodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can play another user";
  const TemporaryDirectory elsewhere;
  ASSERT_EQ(::chmod(elsewhere.path().c_str(), 0755), 0);
  give_to_test_user(elsewhere.path());
  const fs::path socket = elsewhere / "admin.sock";
  ServerOptions options;
  options.flags = {"--admin-socket", socket, "--admin-group", "users"};
  OwnServer server;
  server.process.start_again(options);
  struct stat found {};
  ASSERT_EQ(::lstat(socket.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, mode_t{0660});
  EXPECT_EQ(found.st_gid, kUsers);
  EXPECT_EQ(found.st_uid, kTestUser);
  EXPECT_EQ(ask_as_stranger(socket, kUsers), StrangerGot::kAnswer) << "the group as his own";
  EXPECT_EQ(ask_as_stranger(socket, kStranger, {7, kUsers, 61'235}), StrangerGot::kAnswer)
      << "the group among others";
  EXPECT_EQ(ask_as_stranger(socket, kStranger, {7}), StrangerGot::kNoConnection);
  ASSERT_EQ(::chmod(socket.c_str(), 0666), 0);
  EXPECT_EQ(ask_as_stranger(socket, kStranger, {7}), StrangerGot::kNoAnswer) << "the mode was changed";
  EXPECT_TRUE(server.process.wait_for_log("the admin socket serves root"));
  const Finished listed =
      run_latchkey(server.process.data(), {"--admin-socket", socket.string(), "user", "list"});
  EXPECT_EQ(listed.status, 0) << listed.errors;
}

TEST(AdminGroup, ThatDoesNotExistIsRefused) {
  const TemporaryDirectory directory;
  for (const bool check : {false, true}) {
    ServerOptions options;
    options.flags = {"--create", "--admin-group", "nobodys-own"};
    ChildOptions command = server_command(directory / "data", options);
    if (check) command.arguments.emplace_back("--check");
    const Finished refused = run_to_end(command);
    EXPECT_EQ(refused.status, 1) << refused.output;
    EXPECT_NE(refused.errors.find("admin_group: there is no group 'nobodys-own'"), std::string::npos)
        << refused.errors;
  }
}

// As under the unit with another Group= in a drop-in.
TEST(AdminGroup, ThatTheSocketCannotHaveLeavesItToRootAndTheServersUserAndSaysSo) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can play another user";
  if (kThreadSanitized)
    GTEST_SKIP() << "ThreadSanitizer takes no threads in a child of a process that has some";
  OwnServer before;
  EXPECT_EQ(before.process.stop(), 0);
  const fs::path data = before.process.data();
  const pid_t child = ::fork();
  if (child == 0) {
    // A server that was not started as root gives nothing away.
    if (::setgroups(0, nullptr) != 0 || ::setgid(kTestUser) != 0 || ::setuid(kTestUser) != 0) ::_exit(2);
    ServerOptions options;
    options.flags = {"--admin-group", "users"};
    ServerProcess server(data, options);
    struct stat found {};
    const bool closed =
        ::lstat((data / "admin.sock").c_str(), &found) == 0 && (found.st_mode & 07777) == 0600;
    const bool said = server.wait_for_log("admin_group: only root administers").has_value();
    const bool served = run_latchkey(data, {"user", "list"}).status == 0;
    ::_exit(closed && said && served && server.stop() == 0 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace latchkey::test
