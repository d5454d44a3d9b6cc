// The audit and the access log: what their lines say, whose they are, and that neither a rotation, a full
// disk, a reader who stands still nor a hostile name loses, tears or forges one.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "latchkey/base/printable.h"
#include "support/admin_listen.h"
#include "support/child_process.h"
#include "support/rig.h"
#include "support/scrape.h"

namespace latchkey::test {
namespace {

/// More logins than the audit has room for.
constexpr std::size_t kMoreThanTheRoom = 4000;

const std::string kTime = R"(time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)";

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// Waits until the file has a whole line with `part`, and returns it; empty if patience runs out.
std::string wait_for_line(const std::filesystem::path& file, std::string_view part) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    const std::string text = text_of(file);
    for (std::size_t at = 0, next = 0; (next = text.find('\n', at)) != std::string::npos; at = next + 1) {
      const std::string line = text.substr(at, next - at);
      if (line.find(part) != std::string::npos) return line;
    }
    std::this_thread::yield();
  }
  return {};
}

void expect_form(const std::string& line, const std::string& form) {
  EXPECT_TRUE(std::regex_match(line, std::regex(form))) << line << "\nis not\n" << form;
}

ServerOptions with(std::vector<std::string> flags) {
  ServerOptions options;
  options.flags = std::move(flags);
  return options;
}

class LogFiles : public ::testing::Test {
 protected:
  std::filesystem::path file(const OwnServer& server, const std::string& name) const {
    return server.directory.path() / name;
  }
  Finished latchkey(OwnServer& server, const std::vector<std::string>& words, std::string input = {}) {
    return run_latchkey(server.process.data(), words, std::move(input));
  }
  /// Who ran `latchkey`, as the kernel says and as the command says.
  const std::string actor_ =
      "uid=" + std::to_string(::getuid()) + R"( pid=\d+ claimed_uid=)" + std::to_string(::getuid());
};

TEST_F(LogFiles, TheAuditHasWhatWasAnsweredAndStandardErrorTheRest) {
  OwnServer server(with({"--audit-log", "DIRECTORY/audit.log", "--log-level", "error"}));
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "a");
  EXPECT_EQ(log_in(client, "a").status, 200);
  EXPECT_EQ(log_in(client, "a", kUser, "wrong").status, 400);
  EXPECT_EQ(end_token(client, token, "a").status, 204);
  ASSERT_EQ(server.process.stop(), 0);
  const std::vector<std::string> lines = lines_of(text_of(file(server, "audit.log")));
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_NE(lines[0].find(" event=admin.user_added "), std::string::npos) << lines[0];
  expect_form(lines[1], kTime + " level=info event=login.new address=127.0.0.1 log=audit user=alice");
  expect_form(lines[2], kTime + " level=info event=login.again address=127.0.0.1 log=audit user=alice");
  expect_form(lines[3], kTime + " level=info event=login.refused address=127.0.0.1 log=audit user=alice");
  expect_form(lines[4], kTime + " level=info event=logout address=127.0.0.1 log=audit");
  EXPECT_EQ(server.process.log().find("log=audit"), std::string::npos) << server.process.log();
}

TEST_F(LogFiles, WithoutASettingTheAuditIsOnStandardErrorAmongTheRest) {
  OwnServer server;
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "a").status, 200);
  expect_form(server.process.wait_for_log("login.new").value_or(""),
              kTime + " level=info event=login.new address=127.0.0.1 log=audit user=alice");
}

TEST_F(LogFiles, TheAuditInJsonHasTheSameFieldsInTheSameOrder) {
  OwnServer server(with({"--audit-log", "DIRECTORY/audit.log", "--log-format", "json"}));
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "a").status, 200);
  ASSERT_EQ(server.process.stop(), 0);
  const std::vector<std::string> lines = lines_of(text_of(file(server, "audit.log")));
  ASSERT_EQ(lines.size(), 2U);
  const std::string front = R"(\{"time":"[-0-9T:.]+Z","level":"info","event":)";
  expect_form(lines[0], front + R"("admin.user_added","uid":"\d+","pid":"\d+","claimed_uid":"\d+",)"
                                R"("log":"audit","user":"alice","groups":""\})");
  expect_form(lines[1], front + R"("login.new","address":"127.0.0.1","log":"audit","user":"alice"\})");
}

TEST_F(LogFiles, BelongToTheServerAlone) {
  OwnServer server(with({"--audit-log", "DIRECTORY/audit.log", "--access-log", "DIRECTORY/access.log"}));
  for (const char* const name : {"audit.log", "access.log"}) {
    const auto mode = std::filesystem::status(file(server, name)).permissions();
    EXPECT_EQ(static_cast<unsigned>(mode), 0600U) << name;
  }
}

TEST_F(LogFiles, AreRefusedBeforeTheStartWhereTheyCannotBe) {
  TemporaryDirectory directory;
  try {
    OwnServer server(with({"--audit-log", "DIRECTORY/nowhere/audit.log"}));
    ADD_FAILURE() << "it starts";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("cannot open `audit_log`"), std::string::npos) << error.what();
  }
}

TEST_F(LogFiles, AreAskedAfterByACheckThatMakesNone) {
  OwnServer server;
  ASSERT_EQ(server.process.stop(), 0);
  const auto status_of_check = [&server](const std::string& path) {
    ChildOptions check = server_command(server.process.data(), with({"--check", "--audit-log", path}));
    ChildProcess checking(check);
    const int status = checking.wait();
    EXPECT_EQ(status == 0, checking.errors().find("cannot open `audit_log`") == std::string::npos);
    return status;
  };
  EXPECT_EQ(status_of_check("DIRECTORY/audit.log"), 0);
  EXPECT_FALSE(std::filesystem::exists(file(server, "audit.log")));
  EXPECT_NE(status_of_check("DIRECTORY/nowhere/audit.log"), 0);
}

TEST_F(LogFiles, TheAuditNamesWhoAdministersByWhatTheKernelSays) {
  ServerOptions options = with({"--audit-log", "DIRECTORY/audit.log"});
  options.throttle = true;
  OwnServer server(options);
  const std::filesystem::path audit = file(server, "audit.log");
  ASSERT_EQ(latchkey(server, {"user", "add", "bob", "--password-stdin"}, "some password\n").status, 0);
  expect_form(wait_for_line(audit, "user=bob groups"),
              kTime + " level=info event=admin.user_added " + actor_ + R"( log=audit user=bob groups="")");
  ASSERT_EQ(latchkey(server, {"user", "passwd", "bob", "--password-stdin"}, "other password\n").status, 0);
  expect_form(wait_for_line(audit, "admin.password_set"),
              kTime + " level=info event=admin.password_set " + actor_ + " log=audit user=bob");
  expect_form(
      wait_for_line(audit, "admin.user_unlocked"),
      kTime + R"( level=info event=admin.user_unlocked seconds=\d+ )" + actor_ + " log=audit user=bob");
  ASSERT_EQ(latchkey(server, {"user", "export", "--with-hashes", file(server, "users").string()}).status, 0);
  expect_form(wait_for_line(audit, "admin.users_exported"),
              kTime + " level=info event=admin.users_exported users=2 " + actor_ + " log=audit");
  ASSERT_EQ(latchkey(server, {"user", "delete", "bob"}).status, 0);
  expect_form(wait_for_line(audit, "admin.user_disabled"),
              kTime + " level=info event=admin.user_disabled " + actor_ + " log=audit user=bob");
  expect_form(wait_for_line(audit, "admin.user_deleted"),
              kTime + " level=info event=admin.user_deleted " + actor_ + " log=audit user=bob");
}

TEST_F(LogFiles, TheAuditHasARefusedCommandToo) {
  OwnServer server(with({"--audit-log", "DIRECTORY/audit.log"}));
  EXPECT_EQ(latchkey(server, {"user", "disable", "no one"}).status, 1);
  expect_form(wait_for_line(file(server, "audit.log"), "admin.refused"),
              kTime + " level=warning event=admin.refused action=user_disable status=404 " + actor_ +
                  R"( log=audit user="no one")");
}

TEST_F(LogFiles, ACommandRunBySudoClaimsItsUserBesideTheKernels) {
  OwnServer server(with({"--audit-log", "DIRECTORY/audit.log"}));
  ChildOptions command;
  command.arguments = {
      std::getenv("LATCHKEY"), "--data", server.process.data().string(), "user", "disable", kUser};
  for (const char* const claim : {"1234", "12 uid=0", "x"}) {
    command.environment = {std::string("SUDO_UID=") + claim};
    EXPECT_EQ(ChildProcess(command).wait(), 0);
  }
  ASSERT_EQ(server.process.stop(), 0);
  const std::string own = std::to_string(::getuid());
  const std::string text = text_of(file(server, "audit.log"));
  EXPECT_EQ(count_of(text, "claimed_uid=1234 log=audit"), 1U) << text;
  // One more is of the command that has added the user.
  EXPECT_EQ(count_of(text, " uid=" + own + " "), 4U) << text;
  EXPECT_EQ(count_of(text, "claimed_uid=" + own + " "), 3U) << "what is no number is not taken: " << text;
}

/// What stands behind the mark of the audit: ` user=VALUE` decoded.
std::string user_in(const std::string& line) {
  const std::string_view mark = " log=audit user=";
  const std::size_t at = line.find(mark);
  if (at == std::string::npos) return "no mark in " + line;
  std::string_view value = std::string_view(line).substr(at + mark.size());
  if (!value.starts_with('"')) return std::string(value);
  return unprintable(value.substr(1, value.size() - 2)).value_or("not decodable: " + line);
}

TEST_F(LogFiles, TheAuditWritesAHostileNameSoThatDecodingGivesWhatCame) {
  OwnServer server(with({"--audit-log", "DIRECTORY/audit.log"}));
  HttpClient client(server.process.port());
  std::vector<std::string> names = {"x log=audit uid=0 pid=1",
                                    "x\" uid=0 log=audit user=\"y",
                                    "back\\slash\\",
                                    "\"",
                                    "=",
                                    "Zo\u00eb \U0001f511",
                                    "x\\\" uid=0"};
  std::mt19937 random(20130905);
  while (names.size() < 30) {
    std::string name = "n";
    for (std::size_t left = random() % 120; left > 0; --left) name += static_cast<char>(' ' + random() % 95);
    names.push_back(name + "n");
  }
  for (const std::string& name : names) {
    add_user(server.process.data(), name, kPassword);
    EXPECT_EQ(log_in(client, "a", name).status, 200) << name;
  }
  ASSERT_EQ(server.process.stop(), 0);
  const std::vector<std::string> lines = lines_of(text_of(file(server, "audit.log")));
  ASSERT_EQ(lines.size(), 1 + 2 * names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& line = lines[1 + 2 * i];
    const std::string added = line.substr(0, line.rfind(" groups="));
    EXPECT_EQ(user_in(added), names[i]);
    EXPECT_EQ(user_in(lines[2 + 2 * i]), names[i]);
    EXPECT_EQ(added.find(" uid=" + std::to_string(::getuid()) + " pid="), added.find(" uid=")) << added;
  }
}

/// A pipe in place of a file, which the test reads or not.
class AuditPipe : public LogFiles {
 protected:
  AuditPipe() {
    ::mkfifo(pipe_.c_str(), 0600);
    give_to_test_user(directory_.path());
    reader_ = ::open(pipe_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  ~AuditPipe() override { ::close(reader_); }

  /// Logs in until it is refused. Returns how many were answered.
  std::size_t fill(OwnServer& server, HttpClient& client) {
    for (std::size_t answered = 0; answered < kMoreThanTheRoom; ++answered) {
      const Response response = log_in(client, "filler");
      if (response.status == 200) continue;
      EXPECT_EQ(response.status, 503);
      EXPECT_TRUE(response.header("Retry-After").has_value());
      EXPECT_TRUE(server.process.is_running());
      return answered;
    }
    ADD_FAILURE() << "the audit has room without a bound";
    return 0;
  }
  /// Reads until the text has so many lines with `part`, or patience runs out.
  std::string read_until(std::string_view part, std::size_t times) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    std::string text;
    std::array<char, 65536> bytes{};
    while (count_of(text, part) < times && std::chrono::steady_clock::now() < end) {
      const ssize_t got = ::read(reader_, bytes.data(), bytes.size());
      if (got > 0) text.append(bytes.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

  TemporaryDirectory directory_;
  const std::filesystem::path pipe_ = directory_.path() / "audit.pipe";
  int reader_ = -1;
};

TEST_F(AuditPipe, WhoseReaderStandsStillMakesLoginsWaitAndLosesNoneThatWasAnswered) {
  OwnServer server(with({"--audit-log", pipe_.string()}));
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "browser");
  const std::size_t answered = fill(server, client);
  // What takes access away is done all the same, and the server's own log goes on.
  EXPECT_EQ(use_token(client, token, "browser").status, 200);
  EXPECT_EQ(end_token(client, token, "browser").status, 204);
  EXPECT_TRUE(server.process.wait_for_log("event=logout address=127.0.0.1 log=audit"));
  const Finished added = latchkey(server, {"user", "add", "bob", "--password-stdin"}, "some password\n");
  EXPECT_EQ(added.status, 1);
  EXPECT_NE(added.errors.find("audit_log"), std::string::npos) << added.errors;
  const std::string text = read_until("event=login.", answered + 1);
  EXPECT_EQ(count_of(text, "event=login.new ") + count_of(text, "event=login.again "), answered + 1);
  EXPECT_EQ(log_in(client, "another").status, 200) << "it does not heal";
}

TEST_F(LogFiles, AFullDiskUnderTheAuditRefusesLoginsUntilAnotherFileStandsThere) {
  TemporaryDirectory directory;
  give_to_test_user(directory.path());
  const std::filesystem::path audit = directory.path() / "audit.log";
  std::filesystem::create_symlink("/dev/full", audit);
  OwnServer server(with({"--audit-log", audit.string()}));
  HttpClient client(server.process.port());
  std::size_t answered = 0;
  while (answered < kMoreThanTheRoom && log_in(client, "filler").status == 200) ++answered;
  EXPECT_GE(answered, 1024U);
  EXPECT_LT(answered, kMoreThanTheRoom);
  EXPECT_TRUE(server.process.wait_for_log("event=log.not_written stream=audit"));
  std::filesystem::remove(audit);
  server.process.signal(SIGHUP);
  EXPECT_TRUE(server.process.wait_for_log("event=log.reopened stream=audit"));
  EXPECT_EQ(log_in(client, "filler").status, 200) << "it does not heal";
  ASSERT_EQ(server.process.stop(), 0);
  const std::string text = text_of(audit);
  EXPECT_EQ(count_of(text, "event=login.new ") + count_of(text, "event=login.again "), answered + 1);
}

TEST_F(LogFiles, ARotationByLogrotateLosesAndTearsNoLine) {
  constexpr int kRotations = 20;
  OwnServer server(with({"--audit-log", "DIRECTORY/audit.log", "--access-log", "DIRECTORY/access.log"}));
  const std::filesystem::path rules = server.directory.path() / "logrotate.conf";
  std::ofstream(rules) << server.directory.path().string()
                       << "/*.log {\n rotate 100\n nocreate\n sharedscripts\n"
                       << "postrotate\nkill -HUP " << server.process.pid() << "\nendscript\n}\n";
  std::filesystem::permissions(rules, std::filesystem::perms(0600));
  std::atomic<bool> over = false;
  std::atomic<std::size_t> answered = 0;
  std::thread clients([&] {
    HttpClient client(server.process.port());
    while (!over) {
      if (log_in(client, "rotator").status == 200) ++answered;
      answered.notify_all();
    }
  });
  ChildOptions logrotate;
  logrotate.arguments = {"/usr/sbin/logrotate", "--force", "--state",
                         (server.directory.path() / "logrotate.state").string(), rules.string()};
  for (int i = 0; i < kRotations; ++i) {
    const std::size_t before = answered;
    ChildProcess rotation(logrotate);
    if (rotation.wait() != 0) {
      ADD_FAILURE() << "run tools/setup --dev: " << rotation.errors();
      break;
    }
    // Until the server has both files again, and a login is in one of them.
    for (const char* const name : {"audit.log", "access.log"}) {
      while (!std::filesystem::exists(file(server, name))) std::this_thread::yield();
    }
    for (std::size_t seen = answered; seen == before; seen = answered) answered.wait(seen);
  }
  over = true;
  clients.join();
  ASSERT_EQ(server.process.stop(), 0);
  std::size_t logins = 0;
  std::size_t requests = 0;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(server.directory.path())) {
    const std::string name = entry.path().filename().string();
    const bool is_audit = name.starts_with("audit.log");
    if (!is_audit && !name.starts_with("access.log")) continue;
    ++files;
    for (const std::string& line : lines_of(text_of(entry.path()))) {
      if (line.find("event=admin.user_added ") != std::string::npos) continue;
      ++(is_audit ? logins : requests);
      expect_form(
          line, is_audit
                    ? kTime + R"( level=info event=login\.(new|again) address=127.0.0.1 log=audit user=alice)"
                    : kTime + " core=0 .* log=access agent=rotator");
    }
  }
  EXPECT_EQ(logins, answered);
  EXPECT_EQ(requests, answered);
  EXPECT_GT(files, 2U * kRotations);
  EXPECT_GE(count_of(server.process.log(), "event=log.reopened stream=audit"), 1U);
}

TEST_F(LogFiles, AHangUpWithoutAFileChangesNothing) {
  OwnServer server;
  server.process.signal(SIGHUP);
  const std::string line = server.process.wait_for_log("event=server.signal").value_or("");
  EXPECT_NE(line.find("signal=Hangup effect=none"), std::string::npos) << line;
}

}  // namespace
}  // namespace latchkey::test
