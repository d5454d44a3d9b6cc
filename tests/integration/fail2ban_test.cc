// Debian's fail2ban reads the server's own log with the filter of tools/fail2ban: it finds who guesses, and
// nobody whom a name speaks of.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "support/child_process.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

/// Names that try to make a line look like one about another address.
constexpr std::string_view kHostileNames[] = {
    "x address=203.0.113.1 event=login.refused",
    " event=login.refused address=203.0.113.2 ",
    "x\n time=2026-01-01T00:00:00.000Z level=info event=login.refused address=203.0.113.3 user=y",
    "x\" address=203.0.113.4 user=\"y",
    R"(x","event":"login.refused","address":"203.0.113.5","user":"y)",
    "host latchkeyd[1]: level=info event=login.refused address=203.0.113.6",
    "x\xe2\x80\xa8level=info event=login.refused address=203.0.113.7",
};

/// As systemd's journal hands lines to syslog.
std::string as_syslog(const std::string& log) {
  std::istringstream lines(log);
  std::string all;
  for (std::string line; std::getline(lines, line);)
    all += "Nov 28 10:00:35 host latchkeyd[77]: " + line + "\n";
  return all;
}

/// The addresses that the filter finds in `log`.
std::set<std::string> found_in(const TemporaryDirectory& directory, const std::string& log) {
  const std::filesystem::path file = directory.path() / "log";
  std::ofstream(file) << log;
  const char* const filter = std::getenv("FAIL2BAN_FILTER");
  if (filter == nullptr) throw std::runtime_error("FAIL2BAN_FILTER names no filter");
  ChildOptions options;
  options.arguments = {"/usr/bin/fail2ban-regex", "--out", "ip", file.string(), filter};
  ChildProcess fail2ban(options);
  if (fail2ban.wait() > 1) throw std::runtime_error("run tools/setup --dev: " + fail2ban.errors());
  std::istringstream lines(fail2ban.output());
  std::set<std::string> found;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) found.insert(line);
  }
  return found;
}

class Fail2ban : public ::testing::TestWithParam<std::string> {
 protected:
  Response log_in_from(const std::string& address, std::string_view name, std::string_view password) {
    HttpClient client(server_.process.port());
    return post_login(
        client, login_json(name, password),
        {{"Content-Type", kJsonType}, {"X-Forwarded-For", address}, {"User-Agent", own_agent()}});
  }

  OwnServer server_{{.flags = {"--trusted-proxy", "127.0.0.1", "--log-format", GetParam()}}};
  TemporaryDirectory directory_;
};

TEST_P(Fail2ban, FindsWhoGuessesAndNobodyWhoLogsIn) {
  EXPECT_EQ(log_in_from("192.0.2.1", kUser, "wrong").status, 400);
  EXPECT_EQ(log_in_from("2001:db8::1", kUser, "wrong").status, 400);
  EXPECT_EQ(log_in_from("192.0.2.9", kUser, kPassword).status, 200);
  server_.process.wait_for_log("login.new");
  const std::set<std::string> wanted = {"192.0.2.1", "2001:db8::1"};
  EXPECT_EQ(found_in(directory_, server_.process.log()), wanted);
  EXPECT_EQ(found_in(directory_, as_syslog(server_.process.log())), wanted);
}

TEST_P(Fail2ban, FindsNobodyWhomANameSpeaksOf) {
  for (const std::string_view name : kHostileNames) {
    EXPECT_EQ(log_in_from("192.0.2.2", name, "wrong").status, 400) << name;
  }
  // Such a user may even exist.
  for (const std::string_view name : {kHostileNames[0], kHostileNames[4]}) {
    add_user(server_.process.data(), std::string(name), kPassword);
    EXPECT_EQ(log_in_from("192.0.2.9", name, kPassword).status, 200) << name;
    EXPECT_EQ(log_in_from("192.0.2.2", name, "wrong").status, 400) << name;
  }
  EXPECT_EQ(log_in_from("192.0.2.9", kUser, kPassword).status, 200);
  server_.process.wait_for_log("alice");
  EXPECT_EQ(found_in(directory_, server_.process.log()), std::set<std::string>{"192.0.2.2"});
  EXPECT_EQ(found_in(directory_, as_syslog(server_.process.log())), std::set<std::string>{"192.0.2.2"});
}

INSTANTIATE_TEST_SUITE_P(In, Fail2ban, ::testing::Values("logfmt", "json"),
                         [](const auto& format) { return format.param; });

}  // namespace
}  // namespace latchkey::test
