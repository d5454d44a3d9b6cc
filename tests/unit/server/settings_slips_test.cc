// The most common slips in a settings file. Each is answered with its line and the right text, and that text
// is accepted in its place.
#include "server/settings_slips.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/settings.h"
#include "support/temporary_directory.h"

namespace latchkey::server {
namespace {

using Problems = std::vector<std::string>;

class FileOfSettings {
 public:
  /// The problems of a file with this text, without its path: "1: ...".
  Problems problems_of(std::string_view text) const {
    const std::string path = (directory_ / "f").string();
    std::ofstream(path, std::ios::binary) << text;
    const char* const arguments[] = {"latchkeyd", "--config", path.c_str()};
    Problems problems = load_settings(3, arguments, {}).problems;
    for (std::string& problem : problems) {
      if (problem.starts_with(path)) problem.erase(0, path.size() + 1);
    }
    return problems;
  }

 private:
  test::TemporaryDirectory directory_;
};

struct Slip {
  std::string_view line;
  std::string_view right;  ///< what to write instead, as the problem says it
};

std::ostream& operator<<(std::ostream& out, const Slip& slip) { return out << slip.line; }

class SettingsSlip : public testing::TestWithParam<Slip> {};

TEST_P(SettingsSlip, IsAnsweredWithItsLineAndWhatIsTakenWhenItIsTyped) {
  const FileOfSettings file;
  const auto [line, right] = GetParam();
  const Problems problems = file.problems_of("# settings\n" + std::string(line) + "\nhash_queue = 5\n");
  ASSERT_EQ(problems.size(), 1U) << testing::PrintToString(problems);
  EXPECT_TRUE(problems[0].starts_with("2: ")) << problems[0];
  constexpr std::string_view kWrite = ": write ";
  const std::size_t at = problems[0].rfind(kWrite);
  ASSERT_NE(at, std::string::npos) << problems[0];
  const std::string said = problems[0].substr(at + kWrite.size());
  EXPECT_EQ(said, right) << problems[0];

  const std::string key(line.substr(0, line.find_first_of(" =:\t")));
  const bool is_line = said.find(" = ") != std::string::npos || said.starts_with('#');
  EXPECT_EQ(file.problems_of(is_line ? said : key + " = " + said), Problems{});
}

INSTANTIATE_TEST_SUITE_P(
    OfValues, SettingsSlip,
    testing::Values(
        Slip{"secure_cookies = \"yes\"", "true"}, Slip{"secure_cookies = \"no\"", "false"},
        Slip{"secure_cookies = 1", "true"}, Slip{"secure_cookies = \"On\"", "true"},
        Slip{"secure_cookies = \"true\"", "true"}, Slip{"token_timeout = \"30 minutes\"", "\"30m\""},
        Slip{"token_timeout = \"30min\"", "\"30m\""}, Slip{"token_timeout = \"30 Mins\"", "\"30m\""},
        Slip{"token_timeout = 1800", "\"30m\""}, Slip{"token_timeout = \"1800\"", "\"30m\""},
        Slip{"token_timeout = 1800.0", "\"30m\""}, Slip{"token_timeout = \"1.5h\"", "\"90m\""},
        Slip{"token_timeout = \"1h30m\"", "\"90m\""}, Slip{"token_timeout = \"1h 30m\"", "\"90m\""},
        Slip{"token_timeout = \"1 hour and 30 minutes\"", "\"90m\""},
        Slip{"token_timeout = \"2 weeks\"", "\"14d\""}, Slip{"token_timeout = \"PT30M\"", "\"30m\""},
        Slip{"token_timeout = \"30M\"", "\"30m\""}, Slip{"idle_timeout = \"500 msecs\"", "\"500ms\""},
        Slip{"body_limit = \"1MB\"", "\"1MiB\""}, Slip{"body_limit = \"1 MB\"", "\"1MiB\""},
        Slip{"body_limit = \"1M\"", "\"1MiB\""}, Slip{"body_limit = \"64k\"", "\"64KiB\""},
        Slip{"body_limit = \"64 KiB\"", "\"64KiB\""}, Slip{"body_limit = \"65,536 bytes\"", "\"64KiB\""},
        Slip{"body_limit = \"1.5mb\"", "\"1536KiB\""}, Slip{"body_limit = 65536.0", "\"64KiB\""},
        Slip{"log_level = \"warn\"", "\"warning\""}, Slip{"log_level = \"WARNING\"", "\"warning\""},
        Slip{"log_level = \"Info\"", "\"info\""}, Slip{"log_level = \"err\"", "\"error\""},
        Slip{"log_level = \"trace\"", "\"debug\""}, Slip{"log_level = \"inof\"", "\"info\""},
        Slip{"forwarded_source = \"X-Forwarded-For\"", "\"x-forwarded-for\""},
        Slip{"forwarded_source = \"xff\"", "\"x-forwarded-for\""}, Slip{"cores = \"4\"", "4"},
        Slip{"cores = 4.0", "4"}, Slip{"cores = \"auto\"", "0"}, Slip{"connections = \"100k\"", "100000"},
        Slip{"connections = \"10,000\"", "10000"}, Slip{"bind_ipv4_prefix = \"/24\"", "24"},
        Slip{"node = 5", "\"5\""}, Slip{"node = \"edge 1\"", "\"edge-1\""},
        Slip{"node = \"\"", "\"localhost\""}, Slip{"log_level = [\"info\"]", "\"info\""}));

INSTANTIATE_TEST_SUITE_P(
    OfAddresses, SettingsSlip,
    testing::Values(
        Slip{"listen = \"*:8080\"", "[\"0.0.0.0:8080\"]"}, Slip{"listen = [\":8080\"]", "[\"0.0.0.0:8080\"]"},
        Slip{"listen = \"localhost:8080\"", "[\"127.0.0.1:8080\"]"},
        Slip{"listen = 8080", "[\"127.0.0.1:8080\"]"},
        Slip{"listen = [8080, 8081]", "[\"127.0.0.1:8080\", \"127.0.0.1:8081\"]"},
        Slip{"listen = \"8080\"", "[\"127.0.0.1:8080\"]"}, Slip{"listen = \"0.0.0.0\"", "[\"0.0.0.0:8080\"]"},
        Slip{"listen = \"::\"", "[\"[::]:8080\"]"}, Slip{"listen = \"::1:8080\"", "[\"[::1]:8080\"]"},
        Slip{"listen = \"[::1]\"", "[\"[::1]:8080\"]"},
        Slip{"listen = \"http://127.0.0.1:8080/\"", "[\"127.0.0.1:8080\"]"},
        Slip{"listen = \"127.0.0.1:8080, [::1]:8080\"", "[\"127.0.0.1:8080\", \"[::1]:8080\"]"},
        Slip{"listen = [\"127.0.0.1:1\", \"*:2\"]", "[\"127.0.0.1:1\", \"0.0.0.0:2\"]"},
        Slip{"trusted_proxy = \"localhost\"", "[\"127.0.0.1/32\"]"},
        Slip{"trusted_proxy = \"10.0.0.1/8\"", "[\"10.0.0.0/8\"]"},
        Slip{"trusted_proxy = \"127.0.0.1:8080\"", "[\"127.0.0.1/32\"]"},
        Slip{"trusted_proxy = \"[::1]:8080\"", "[\"::1/128\"]"},
        Slip{"trusted_proxy = \"10.0.*.*\"", "[\"10.0.0.0/16\"]"},
        Slip{"trusted_proxy = \"10.0.0.0/255.0.0.0\"", "[\"10.0.0.0/8\"]"},
        Slip{"trusted_proxy = \"10.0.0.1 10.0.0.2\"", "[\"10.0.0.1/32\", \"10.0.0.2/32\"]"}));

INSTANTIATE_TEST_SUITE_P(
    OfLines, SettingsSlip,
    testing::Values(
        Slip{"node = edge-1", "\"edge-1\""}, Slip{"node = edge-1 # here", "\"edge-1\""},
        Slip{"node = edge 1", "\"edge-1\""}, Slip{"node = 5edge", "\"5edge\""},
        Slip{"node = “edge-1”", "\"edge-1\""}, Slip{"node = `edge-1`", "\"edge-1\""},
        Slip{"node = \"edge-1", "\"edge-1\""}, Slip{"node = 'edge-1", "\"edge-1\""},
        Slip{"node = \"edge-1\";", "\"edge-1\""}, Slip{"node: edge-1", "node = \"edge-1\""},
        Slip{"node: \"edge-1\"", "node = \"edge-1\""}, Slip{"node := \"edge-1\"", "node = \"edge-1\""},
        Slip{"node == \"edge-1\"", "node = \"edge-1\""}, Slip{"node \"edge-1\";", "node = \"edge-1\""},
        Slip{"token-timeout = 30m", "token_timeout = \"30m\""}, Slip{"secure_cookies = yes", "true"},
        Slip{"secure_cookies = True", "true"}, Slip{"secure_cookies = FALSE", "false"},
        Slip{"secure_cookies = on", "true"}, Slip{"secure_cookies = off", "false"},
        Slip{"secure_cookies =", "false"}, Slip{"cores =", "0"}, Slip{"cores = 4;", "4"},
        Slip{"cores = 04", "4"}, Slip{"cores = 4 // all of them", "4"}, Slip{"connections = 10,000", "10000"},
        Slip{"token_timeout = 30m", "\"30m\""}, Slip{"token_timeout = 30 minutes", "\"30m\""},
        Slip{"token_timeout = 1.5h", "\"90m\""}, Slip{"hash_memory = 19MiB", "\"19MiB\""},
        Slip{"hash_memory = 19 MB", "\"19MiB\""}, Slip{"log_level = warn", "\"warning\""},
        Slip{"log_level = info", "\"info\""}, Slip{"listen = 127.0.0.1:8080", "[\"127.0.0.1:8080\"]"},
        Slip{"listen = :8080", "[\"0.0.0.0:8080\"]"}, Slip{"listen = *:8080", "[\"0.0.0.0:8080\"]"},
        Slip{"listen = localhost:8080", "[\"127.0.0.1:8080\"]"},
        Slip{"listen = [127.0.0.1:8080]", "[\"127.0.0.1:8080\"]"},
        Slip{"listen = [::1]:8080", "[\"[::1]:8080\"]"},
        Slip{"listen = [\"127.0.0.1:8080\"", "[\"127.0.0.1:8080\"]"},
        Slip{"listen = \"127.0.0.1:8080\", \"[::1]:8080\"", "[\"127.0.0.1:8080\", \"[::1]:8080\"]"},
        Slip{"trusted_proxy = 127.0.0.1", "[\"127.0.0.1\"]"},
        Slip{"trusted_proxy = [127.0.0.1, 10.0.0.0/8]", "[\"127.0.0.1\", \"10.0.0.0/8\"]"},
        Slip{"data = /var/lib/latchkey", "\"/var/lib/latchkey\""},
        Slip{"data = \"\\var\\lib\"", "\"\\\\var\\\\lib\""}, Slip{"// a comment", "# a comment"},
        Slip{"; a comment", "# a comment"}, Slip{"-- a comment", "# a comment"}));

TEST(SettingsSlips, OfAHomeDirectoryAreAnsweredWithIt) {
  const FileOfSettings file;
  ASSERT_EQ(::setenv("HOME", "/home/a", 1), 0);
  for (const std::string line : {"data = ~/latchkey", "data = \"~/latchkey\""}) {
    const Problems problems = file.problems_of(line);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_TRUE(problems[0].ends_with(": write \"/home/a/latchkey\"")) << problems[0];
  }
  EXPECT_TRUE(file.problems_of("data = ~")[0].ends_with(": write \"/home/a\""));
}

TEST(SettingsSlips, OfATableAreToldToRemoveItAndItsKeysAreReadAllTheSame) {
  const FileOfSettings file;
  EXPECT_EQ(file.problems_of("[server]\nnode = \"a\"\n"),
            Problems{"1: [server] begins a table, and settings stand in none: remove this line"});
  EXPECT_EQ(file.problems_of("cores = 1\n[server] # ours\ncoers = 2\n\n[[listen]]\nport = 1\n"),
            (Problems{"2: [server] # ours begins a table, and settings stand in none: remove this line",
                      "3: coers is no setting; did you mean cores?",
                      "5: [[listen]] begins a table, and settings stand in none: remove this line",
                      "6: port is no setting; 'latchkeyd --help' lists them"}));
  EXPECT_EQ(file.problems_of("server.node = \"a\"\n"),
            Problems{"1: server: settings stand in no table: write them without `server.`"});
  EXPECT_EQ(file.problems_of("listen = {address = \"a\"}\n").size(), 1U);
}

TEST(SettingsSlips, AreToldAllAtOnce) {
  const FileOfSettings file;
  const Problems problems = file.problems_of(
      "node = edge-1\nsecure_cookies = yes\nnode = \"b\"\n\ntoken_timeout = \"soon\"\ncoers = 2\n");
  ASSERT_EQ(problems.size(), 5U) << testing::PrintToString(problems);
  EXPECT_EQ(problems[0], "1: node: edge-1 is no TOML value: write \"edge-1\"");
  EXPECT_EQ(problems[1], "2: secure_cookies: yes is no TOML value: write true");
  EXPECT_EQ(problems[2], "3: node stands twice: remove one of the two lines");
  EXPECT_TRUE(problems[3].starts_with("6: coers is no setting")) << problems[3];
  EXPECT_TRUE(problems[4].starts_with("5: token_timeout: 'soon' is not a duration")) << problems[4];
  EXPECT_EQ(problems[4].find("write"), std::string::npos) << "nobody knows what was meant";
}

TEST(SettingsSlips, OfAUnixSocketAreAnsweredWithItsSpelling) {
  const FileOfSettings file;
  for (const std::string line :
       {"listen = [\"/run/latchkey.sock\"]", "listen = \"unix//run/latchkey.sock\"",
        "listen = \"UNIX:/run/latchkey.sock\"", "listen = unix:/run/latchkey.sock"}) {
    const Problems problems = file.problems_of(line);
    ASSERT_EQ(problems.size(), 1U) << line << testing::PrintToString(problems);
    EXPECT_TRUE(problems[0].ends_with("write [\"unix:/run/latchkey.sock\"]")) << problems[0];
  }
  EXPECT_EQ(file.problems_of("listen = \"unix:/run/latchkey.sock\"\nunix_mode = \"0600\""), Problems{});
  const Problems mode = file.problems_of("unix_mode = \"0o660\"");
  ASSERT_EQ(mode.size(), 1U);
  EXPECT_TRUE(mode[0].ends_with("write \"0660\"")) << mode[0];
}

TEST(SettingsSlips, OfAUnixSocketForTheProxyProtocolAreToldThatThereIsNone) {
  const FileOfSettings file;
  const Problems problems = file.problems_of("proxy_listen = \"unix:/run/latchkey.sock\"");
  ASSERT_EQ(problems.size(), 1U) << testing::PrintToString(problems);
  EXPECT_NE(problems[0].find("proxy_listen takes TCP alone"), std::string::npos) << problems[0];
  EXPECT_NE(problems[0].find("127.0.0.1:8081"), std::string::npos) << problems[0];
}

TEST(SettingsSlips, AreNoneWhereTheFileIsOnlyWrittenInAnotherWay) {
  const FileOfSettings file;
  EXPECT_EQ(file.problems_of("\xef\xbb\xbfnode = \"a\"\r\n\tcores\t=\t4\r\ntrusted_proxy = \"127.0.0.1\"\r\n"
                             "listen = [\r\n  \"127.0.0.1:1\", # one\r\n  '[::1]:1',\r\n]\r\n\"data\" = 'x'"),
            Problems{});
  EXPECT_EQ(file.problems_of("node=\"a # b // c\""),
            (Problems{"1: node: 'a # b // c' is not a name of 1 to 253 visible "
                      "ASCII characters: write \"a-#-b-//-c\""}));
}

TEST(SettingsSlips, ThatNobodyCanGuessAreToldByTheParserWithTheirLine) {
  const FileOfSettings file;
  for (const std::string line : {"cores = many", "log_level = loud", "listen = nowhere", "= 5",
                                 "what is this", "unknown = word", "trusted_proxy = *", "data ="}) {
    const Problems problems = file.problems_of("cores = 1\n" + line + "\n");
    ASSERT_EQ(problems.size(), 1U) << line << testing::PrintToString(problems);
    EXPECT_TRUE(problems[0].starts_with("2: ")) << problems[0];
  }
  EXPECT_NE(file.problems_of(std::string("\xff\xfen\0o\0", 6))[0].find("UTF-16"), std::string::npos);
}

TEST(SettingsSlips, OfVariablesAndFlagsAreAnsweredWithoutQuotesAndBrackets) {
  const char* const arguments[] = {"latchkeyd", "--token-timeout", "30 minutes", "--listen",
                                   "*:8080,localhost:1"};
  const LoadedSettings loaded =
      load_settings(5, arguments, {{"LATCHKEY_BASIC", "yes"}, {"LATCHKEY_BODY_LIMIT", "1MB"}});
  ASSERT_EQ(loaded.problems.size(), 4U) << testing::PrintToString(loaded.problems);
  const std::vector<std::string> ends = {": write true", ": write 1MiB", ": write 0.0.0.0:8080,127.0.0.1:1",
                                         ": write 30m"};
  for (std::size_t i = 0; i < ends.size(); ++i) {
    EXPECT_TRUE(loaded.problems[i].ends_with(ends[i])) << loaded.problems[i];
  }
}

TEST(SettingsSlips, AreNeverAnsweredWithWhatWouldBeRefused) {
  // Whatever the text is, a suggestion is accepted, or there is none.
  const std::vector<std::string> texts = {"",
                                          "0",
                                          "-1",
                                          "1e9",
                                          "99999999999999999999",
                                          "1.0.0.1",
                                          "::",
                                          "*",
                                          "30 m",
                                          "1,000",
                                          "1,5",
                                          "~",
                                          "unix:",
                                          "yes",
                                          "a b",
                                          "[]",
                                          "[::]",
                                          "10.*.*.*",
                                          "/",
                                          "1/2/3",
                                          ":",
                                          "://",
                                          "\"",
                                          "1h1",
                                          "1 kB",
                                          "p",
                                          "infinity",
                                          "x\ny",
                                          std::string(300, 'x')};
  for (const Setting& setting : settings_table()) {
    for (const std::string& text : texts) {
      const std::optional<std::vector<std::string>> meant = meant_by(setting, std::span(&text, 1));
      if (!meant) continue;
      Settings settings;
      EXPECT_TRUE(assign(setting, *meant, settings)) << setting.key << " = " << text;
    }
  }
}

}  // namespace
}  // namespace latchkey::server
