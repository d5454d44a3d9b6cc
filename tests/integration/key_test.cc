// `latchkey key renew`: a lost key file ends all sessions but loses no user, whenever the renewal itself is
// killed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/limits.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "support/rig.h"

namespace latchkey::test {
namespace {

namespace fs = std::filesystem;

Finished start(const fs::path& data, const std::vector<std::string>& flags = {}) {
  ServerOptions options;
  options.flags = flags;
  return run_to_end(server_command(data, options));
}

Finished renew(const fs::path& data, const std::vector<std::string>& words = {}) {
  std::vector<std::string> all = {"key", "renew"};
  all.insert(all.end(), words.begin(), words.end());
  return run_latchkey(data, all);
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A data directory in which a server has run and a login was answered.
class KeyRenewal : public ::testing::Test {
 protected:
  KeyRenewal() {
    ServerProcess server(data_);
    add_user(data_, kUser, kPassword);
    HttpClient client(server.port());
    token_ = obtain_token(client, "browser");
    EXPECT_EQ(server.stop(), 0) << server.log();
  }

  /// Expects that users log in with their passwords, and that no earlier token admits.
  void expect_users_without_sessions() {
    ServerProcess server(data_);
    HttpClient client(server.port());
    EXPECT_EQ(use_token(client, token_, "browser").status, 401);
    EXPECT_NE(obtain_token(client, "browser"), token_);
    EXPECT_EQ(server.stop(), 0) << server.log();
  }

  TemporaryDirectory directory_;
  const fs::path data_ = directory_ / "data";
  const fs::path key_ = data_ / "latchkey.key";
  std::string token_;
};

TEST_F(KeyRenewal, IsWhatAStartWithoutTheKeyFileNamesAndKeepsTheUsers) {
  fs::remove(key_);
  const Finished refused = start(data_);
  EXPECT_EQ(refused.status, 1);
  EXPECT_TRUE(holds(refused.errors, "`latchkey --data " + data_.string() + " key renew`")) << refused.errors;
  const Finished renewed = renew(data_);
  EXPECT_EQ(renewed.status, 0) << renewed.errors;
  EXPECT_TRUE(renewed.output.starts_with("made a new key, " + key_.string() + ", for the data in " +
                                         data_.string() + "; 1 session ended"))
      << renewed.output;
  EXPECT_FALSE(holds(renewed.output, "old key")) << renewed.output;
  expect_users_without_sessions();
}

TEST_F(KeyRenewal, SetsAKeyFileThatIsThereAsideUnderAFreeName) {
  std::string original;
  std::getline(std::ifstream(key_) >> std::ws, original, '\0');
  ASSERT_EQ(renew(data_).status, 0);
  std::string kept;
  std::getline(std::ifstream(key_.string() + ".old-1") >> std::ws, kept, '\0');
  EXPECT_EQ(kept, original);
  const Finished again = renew(data_, {"--json"});
  EXPECT_EQ(again.output, R"({"key_file":")" + key_.string() + R"(","ended_sessions":0,"old_key_file":")" +
                              key_.string() + ".old-2\"}\n")
      << again.errors;
  expect_users_without_sessions();
}

TEST_F(KeyRenewal, MendsAKeyFileThatIsDamagedOrAnothersAndTheStartNamesIt) {
  TemporaryDirectory other;
  { ServerProcess server(other / "data"); }
  for (const bool is_others : {false, true}) {
    if (is_others) {
      fs::copy_file(other / "data/latchkey.key", key_, fs::copy_options::overwrite_existing);
    } else {
      std::ofstream(key_, std::ios::trunc) << "nonsense\n";
    }
    EXPECT_TRUE(holds(start(data_).errors, "key renew")) << is_others;
    EXPECT_EQ(renew(data_).status, 0);
    expect_users_without_sessions();
  }
  fs::rename(key_.string() + ".old-1", key_);
  EXPECT_EQ(start(data_).status, 1) << "the key of before fits no longer";
}

TEST_F(KeyRenewal, OfAKeyThatIsKeptElsewhereIsNamedWithIt) {
  const fs::path elsewhere = directory_ / "kept.key";
  fs::rename(key_, elsewhere);
  const Finished missing = start(data_, {"--key-file", directory_ / "lost.key"});
  EXPECT_TRUE(holds(missing.errors, "key renew --key-file " + (directory_ / "lost.key").string()))
      << missing.errors;
  EXPECT_EQ(renew(data_, {"--key-file", elsewhere}).status, 0);
  EXPECT_FALSE(fs::exists(key_));
  ServerOptions options;
  options.flags = {"--key-file", elsewhere};
  ServerProcess server(data_, options);
  HttpClient client(server.port());
  EXPECT_EQ(use_token(client, token_, "browser").status, 401);
  EXPECT_EQ(log_in(client, "browser").status, 200);
}

TEST_F(KeyRenewal, ThatCannotWriteTheNewKeyEndsNoSession) {
  const Finished refused = renew(data_, {"--key-file", directory_ / "nowhere/latchkey.key"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_TRUE(holds(refused.errors, directory_ / "nowhere/latchkey.key")) << refused.errors;
  ServerProcess server(data_);
  HttpClient client(server.port());
  EXPECT_EQ(use_token(client, token_, "browser").status, 200);
}

TEST_F(KeyRenewal, BesideAServerIsRefusedAndChangesNothing) {
  ServerProcess server(data_);
  const Finished refused = renew(data_);
  EXPECT_EQ(refused.status, 1);
  EXPECT_TRUE(holds(refused.errors, "stop it first")) << refused.errors;
  HttpClient client(server.port());
  EXPECT_EQ(use_token(client, token_, "browser").status, 200);
  EXPECT_FALSE(fs::exists(key_.string() + ".old-1"));
}

TEST(KeyRenewalOfNothing, MakesNothing) {
  TemporaryDirectory directory;
  for (const fs::path& data : {directory / "typo", directory.path()}) {
    const Finished refused = renew(data);
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(holds(refused.errors, data)) << refused.errors;
  }
  EXPECT_TRUE(fs::is_empty(directory.path()));
}

#if defined(__x86_64__)

/// The system calls by which the renewal changes files. It is killed before each of these in turn.
const std::set<unsigned long long>& changing_calls() {
  static const std::set<unsigned long long> calls = {SYS_openat,    SYS_pwrite64,  SYS_write,  SYS_fsync,
                                                     SYS_fdatasync, SYS_ftruncate, SYS_unlink, SYS_rename,
                                                     SYS_renameat2, SYS_fallocate};
  return calls;
}

/// Runs `latchkey key renew` and kills it before its `count`th system call that changes files. Returns false
/// if it made fewer and so ended by itself.
bool renew_until(const fs::path& data, int count) {
  const std::string program = std::getenv("LATCHKEY");
  const pid_t child = ::fork();
  if (child == 0) {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, STDOUT_FILENO);
    ::dup2(nothing, STDERR_FILENO);
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::execl(program.c_str(), program.c_str(), "--data", data.c_str(), "key", "renew", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  bool entering = true;
  int signal = 0;
  while (true) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, signal);
    if (::waitpid(child, &status, 0) != child || WIFEXITED(status) || WIFSIGNALED(status)) return false;
    const bool at_call = WSTOPSIG(status) == (SIGTRAP | 0x80);
    signal = at_call || WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
    if (!at_call) continue;
    user_regs_struct registers{};
    ::ptrace(PTRACE_GETREGS, child, nullptr, &registers);
    if (entering && changing_calls().contains(registers.orig_rax) && --count == 0) break;
    entering = !entering;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return true;
}

TEST_F(KeyRenewal, ThatIsKilledAtAnyStepIsMendedByAStartOrByAnother) {
  constexpr int kMostCalls = 1000;
  fs::remove(data_ / "admin.sock");
  fs::copy(data_, directory_ / "before", fs::copy_options::recursive);
  int kills = 0;
  int refused_starts = 0;
  for (int count = 1; count < kMostCalls; ++count) {
    fs::remove_all(data_);
    fs::copy(directory_ / "before", data_, fs::copy_options::recursive);
    fs::remove(key_);
    if (!renew_until(data_, count)) break;
    ++kills;
    // The rig's server may create a key, if the database belongs to none.
    ChildProcess server(server_command(data_, {}));
    if (server.wait_for_line("listening on")) {
      server.signal(SIGTERM);
      EXPECT_EQ(server.wait(), 0) << server.errors();
    } else {
      ++refused_starts;
      EXPECT_TRUE(holds(server.errors(), "key renew")) << server.errors();
      const Finished again = renew(data_);
      ASSERT_EQ(again.status, 0) << "killed before call " << count << ": " << again.errors;
    }
    if (count % 4 == 0) expect_users_without_sessions();
  }
  expect_users_without_sessions();
  EXPECT_GT(kills, 20) << "there is much to end it in";
  EXPECT_GT(refused_starts, 0);
  EXPECT_LT(refused_starts, kills);
}

#endif

}  // namespace
}  // namespace latchkey::test
