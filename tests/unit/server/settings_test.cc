#include "server/settings.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "server/settings_table.h"
#include "support/temporary_directory.h"

namespace latchkey::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Gives each test a file of its own, and writes `FILE` for its path in compared problems.
class SettingsTest : public testing::Test {
 protected:
  void write_file(std::string_view text) const { std::ofstream(file_, std::ios::binary) << text; }

  LoadedSettings load(std::vector<std::string> flags, const Environment& environment = {}) const {
    if (std::filesystem::exists(file_)) flags.insert(flags.begin(), {"--config", file_.string()});
    std::vector<const char*> arguments{"latchkeyd"};
    for (const std::string& flag : flags) arguments.push_back(flag.c_str());
    LoadedSettings loaded = load_settings(static_cast<int>(arguments.size()), arguments.data(), environment);
    for (std::string& problem : loaded.problems) {
      const std::size_t at = problem.find(file_.string());
      if (at != std::string::npos) problem.replace(at, file_.string().size(), "FILE");
    }
    return loaded;
  }

  /// The settings, with no problem.
  Settings good(const std::vector<std::string>& flags, const Environment& environment = {}) const {
    LoadedSettings loaded = load(flags, environment);
    EXPECT_EQ(loaded.problems, std::vector<std::string>{});
    return std::move(loaded.settings);
  }

  std::vector<std::string> problems_of_file(std::string_view text) const {
    write_file(text);
    return load({}).problems;
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_ / "latchkeyd.toml";
};

using Problems = std::vector<std::string>;

ListenAddress endpoint(std::string_view text) { return ListenAddress::parse(text).value(); }

// --- what is read, and which source prevails ---

TEST_F(SettingsTest, AreTheDefaultsWhereNothingIsGiven) {
  const Settings settings = good({});
  EXPECT_EQ(settings.listen, std::vector{endpoint("127.0.0.1:8080")});
  EXPECT_TRUE(settings.proxy_listen.empty());
  EXPECT_TRUE(settings.verify_listen.empty());
  EXPECT_EQ(settings.unix_mode, 0660U);
  EXPECT_EQ(settings.unix_group, "");
  EXPECT_EQ(settings.connections_by_address, 1024U);
  EXPECT_TRUE(settings.counted_networks.empty());
  EXPECT_EQ(settings.data, "/var/lib/latchkey");
  EXPECT_EQ(settings.key_file, "/var/lib/latchkey/latchkey.key");
  EXPECT_EQ(settings.admin_socket, "/var/lib/latchkey/admin.sock");
  EXPECT_EQ(settings.token_timeout, minutes(30));
  EXPECT_EQ(settings.hash_memory_bytes, 19U * 1024 * 1024);
  EXPECT_TRUE(settings.basic);
  EXPECT_FALSE(settings.verify_basic);
  EXPECT_EQ(settings.cookie_name, "latchkey");
  EXPECT_EQ(settings.cookie_same_site, api::SameSite::kLax);
}

TEST_F(SettingsTest, AFlagCountsBeforeAVariableAndAVariableBeforeTheFile) {
  write_file("node = \"file\"\ncores = 1\ntokens_per_user = 1\n");
  const Settings settings =
      good({"--node", "flag"}, {{"LATCHKEY_NODE", "variable"}, {"LATCHKEY_CORES", "2"}, {"PATH", "/bin"}});
  EXPECT_EQ(settings.node, "flag");
  EXPECT_EQ(settings.cores, 2U);
  EXPECT_EQ(settings.tokens_per_user, 1U);
}

TEST_F(SettingsTest, AListOfALaterSourceReplacesThatOfAnEarlierOne) {
  write_file("listen = [\"127.0.0.1:1\", \"[::1]:2\"]\ntrusted_proxy = \"10.0.0.0/8\"\n");
  EXPECT_EQ(good({}).listen, (std::vector{endpoint("127.0.0.1:1"), endpoint("[::1]:2")}));
  EXPECT_EQ(good({}).trusted_proxy.size(), 1U);
  const Environment environment{{"LATCHKEY_LISTEN", "127.0.0.1:3, 127.0.0.1:4"},
                                {"LATCHKEY_TRUSTED_PROXY", ""}};
  EXPECT_EQ(good({}, environment).listen, (std::vector{endpoint("127.0.0.1:3"), endpoint("127.0.0.1:4")}));
  EXPECT_TRUE(good({}, environment).trusted_proxy.empty());
  EXPECT_EQ(good({"--listen", "127.0.0.1:5", "--listen=127.0.0.1:6"}, environment).listen,
            (std::vector{endpoint("127.0.0.1:5"), endpoint("127.0.0.1:6")}));
}

TEST_F(SettingsTest, EveryKindIsReadFromTheFile) {
  write_file(
      "log_level = \"warning\"\nforwarded_source = \"forwarded\"\nbasic = false\nbody_limit = 1024\n"
      "hash_memory = \"8MiB\"\ncookie_same_site = \"strict\"\nidle_timeout = \"1500ms\"\nbind_ipv6_prefix = 64\ndata = \"var\"\n");
  const Settings settings = good({});
  EXPECT_EQ(settings.log_level, LogLevel::kWarning);
  EXPECT_EQ(settings.forwarded_source, http::ForwardedSource::kForwarded);
  EXPECT_FALSE(settings.basic);
  EXPECT_EQ(settings.cookie_same_site, api::SameSite::kStrict);
  EXPECT_EQ(settings.body_limit_bytes, 1024U);
  EXPECT_EQ(settings.hash_memory_bytes, 8U * 1024 * 1024);
  EXPECT_EQ(settings.idle_timeout, milliseconds(1500));
  EXPECT_EQ(settings.bind_ipv6_prefix, 64);
  EXPECT_EQ(settings.key_file, "var/latchkey.key");
}

TEST_F(SettingsTest, ASwitchStandsAloneOrWithItsValueAndItsLastFlagCounts) {
  EXPECT_TRUE(good({"--verify-basic"}).verify_basic);
  EXPECT_FALSE(good({"--basic=false"}).basic);
  EXPECT_TRUE(good({"--basic=false", "--basic"}).basic);
  EXPECT_EQ(good({"--node", "one", "--node=two"}).node, "two");
}

TEST_F(SettingsTest, TheEnvironmentMayNameTheFile) {
  write_file("node = \"file\"\n");
  const char* const arguments[] = {"latchkeyd"};
  EXPECT_EQ(load_settings(1, arguments, {{"LATCHKEY_CONFIG", file_.string()}}).settings.node, "file");
}

TEST_F(SettingsTest, PathsFollowTheDataDirectoryUnlessTheyAreSet) {
  const Settings settings = good({"--data", "/srv/a", "--key-file", "/etc/key"});
  EXPECT_EQ(settings.key_file, "/etc/key");
  EXPECT_EQ(settings.admin_socket, "/srv/a/admin.sock");
}

TEST(Environment, IsReadFromItsEntries) {
  const char* const entries[] = {"A=1", "B=x=y", "EMPTY=", "no equals", nullptr};
  EXPECT_EQ(to_environment(entries), (Environment{{"A", "1"}, {"B", "x=y"}, {"EMPTY", ""}}));
}

// --- what is wrong, and how it is reported ---

TEST_F(SettingsTest, AnUnknownKeyIsAProblemThatNamesTheLineAndTheNearestKey) {
  EXPECT_EQ(problems_of_file("\nnode = \"a\"\ntoken_timout = \"1m\"\n"),
            Problems{"FILE:3: token_timout is no setting; did you mean token_timeout?"});
  EXPECT_EQ(problems_of_file("[http]\nbody_limit = 1024\n"),
            Problems{"FILE:1: [http] begins a table, and settings stand in none: remove this line"});
  EXPECT_EQ(problems_of_file("config = \"x\"\n"),
            Problems{"FILE:1: config is no setting; 'latchkeyd --help' lists them"});
}

TEST_F(SettingsTest, AnIdentityFieldHasANameOfItsOwn) {
  EXPECT_EQ(good({"--user-field", "X-User", "--name-field", "X_Name"}).user_field, "X-User");
  for (const char* const text : {"Remote User", "Remote:User", "R\r\nX", "\xC3\xA4", ""}) {
    EXPECT_EQ(load({"--user-field", text}).problems.size(), 1U) << text;
  }
  EXPECT_EQ(load({"--user-field", "content-LENGTH"}).problems,
            Problems{"user_field: content-LENGTH has a meaning already: choose another name"});
  EXPECT_EQ(load({"--email-field", "remote-user"}).problems,
            Problems{"email_field: remote-user has a meaning already: choose another name"});
}

TEST_F(SettingsTest, AnUnknownVariableIsAWarningThatNamesTheNearestOneAndNoValue) {
  for (const std::string name : {"LATCHKEY_LISTN", "LATCHKEY_listen"}) {
    const LoadedSettings loaded = load({}, {{name, "x"}});
    EXPECT_EQ(loaded.problems, Problems{});
    EXPECT_EQ(loaded.warnings,
              Problems{name + " is no setting and is ignored; did you mean LATCHKEY_LISTEN?"});
    EXPECT_EQ(loaded.settings.listen, Settings{}.listen);
  }
  EXPECT_EQ(load({}, {{"LATCHKEY_A\nB", "x"}}).warnings[0].find("LATCHKEY_A?B is no setting"), 0U);
}

TEST_F(SettingsTest, WhatAClusterPutsIntoTheEnvironmentIsNoSettingAndSoAWarning) {
  // For a service named latchkey with a port named http: kubernetes.io, "Accessing the Service".
  const Environment injected = {{"LATCHKEY_SERVICE_HOST", "10.0.0.11"},
                                {"LATCHKEY_SERVICE_PORT", "8080"},
                                {"LATCHKEY_SERVICE_PORT_HTTP", "8080"},
                                {"LATCHKEY_PORT", "tcp://10.0.0.11:8080"},
                                {"LATCHKEY_PORT_8080_TCP", "tcp://10.0.0.11:8080"},
                                {"LATCHKEY_PORT_8080_TCP_PROTO", "tcp"},
                                {"LATCHKEY_PORT_8080_TCP_PORT", "8080"},
                                {"LATCHKEY_PORT_8080_TCP_ADDR", "10.0.0.11"}};
  const LoadedSettings loaded = load({}, injected);
  EXPECT_EQ(loaded.problems, Problems{});
  EXPECT_EQ(loaded.warnings.size(), injected.size());
  for (const std::string& warning : loaded.warnings) {
    EXPECT_EQ(warning.find("10.0.0.11"), std::string::npos) << warning;
  }
  // Nor for a service whose name begins with latchkey-: no setting's name ends like one of these.
  for (const Setting& setting : settings_table()) {
    EXPECT_FALSE(setting.key.ends_with("_port") || setting.key.ends_with("_service_host") ||
                 setting.key.find("_service_port") != std::string_view::npos ||
                 setting.key.find("_port_") != std::string_view::npos)
        << setting.key;
  }
}

TEST_F(SettingsTest, TellsOfManyUnknownVariablesHowManyThereAre) {
  Environment many;
  for (int i = 0; i < 40; ++i) many.emplace("LATCHKEY_X" + std::to_string(i), "");
  const LoadedSettings loaded = load({}, many);
  ASSERT_EQ(loaded.warnings.size(), 17U);
  EXPECT_EQ(loaded.warnings.back().find("24 more"), 0U) << loaded.warnings.back();
}

TEST_F(SettingsTest, AnUnknownFlagIsAProblemThatNamesTheNearestOne) {
  EXPECT_EQ(load({"--tokn-timeout", "1m", "--node", "a"}).problems,
            Problems{"--tokn-timeout is no flag; did you mean --token-timeout?"});
  EXPECT_EQ(load({"--quite-something-else=1"}).problems,
            Problems{"--quite-something-else is no flag; 'latchkeyd --help' lists them"});
  EXPECT_EQ(load({"serve"}).problems, Problems{"'serve' is no flag, and nothing else is taken"});
}

TEST_F(SettingsTest, AFlagWithoutItsValueIsAProblem) {
  const LoadedSettings loaded = load({"--node"});
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].find("--node: "), 0U) << loaded.problems[0];
  EXPECT_EQ(load({"--node=", "--check"}).problems, Problems{"--node= has no value behind the '='"});
}

TEST_F(SettingsTest, AValueOfAnotherTypeIsAProblemThatSaysWhatIsExpected) {
  EXPECT_EQ(problems_of_file("cores = \"2\"\n"),
            Problems{"FILE:1: cores: expected a whole number from 0 to 512, found a string: write 2"});
  EXPECT_EQ(problems_of_file("cores = 1.5\n"),
            Problems{"FILE:1: cores: expected a whole number from 0 to 512, found a fraction"});
  EXPECT_EQ(problems_of_file("basic = \"yes\"\n"),
            Problems{"FILE:1: basic: expected true or false, found a string: write true"});
  EXPECT_EQ(problems_of_file("node = 5\n"),
            Problems{"FILE:1: node: expected a name of 1 to 253 visible ASCII characters, found an integer: "
                     "write \"5\""});
  EXPECT_EQ(problems_of_file("token_timeout = 30\n"),
            Problems{"FILE:1: token_timeout: expected a duration from 1s to 365d in steps of 1s, a whole "
                     "number of ms, s, m, "
                     "h or d, found an integer: write \"30s\""});
  EXPECT_EQ(problems_of_file("listen = 8080\n"),
            Problems{"FILE:1: listen: expected up to 64 addresses, as 127.0.0.1:8080, [::1]:8080 or "
                     "unix:/run/latchkey.sock, found an integer: write [\"127.0.0.1:8080\"]"});
  EXPECT_EQ(
      problems_of_file("trusted_proxy = [\"10.0.0.0/8\", 1]\n"),
      Problems{"FILE:1: trusted_proxy: expected up to 256 networks, as 10.0.0.0/8 or 2001:db8::/32, found an "
               "array, or one of mixed types"});
}

TEST_F(SettingsTest, AWrongValueIsAProblemThatSaysWhereAndWhatIsExpected) {
  EXPECT_EQ(load({"--cores", "many"}).problems,
            Problems{"--cores: 'many' is not a whole number from 0 to 512"});
  EXPECT_EQ(load({}, {{"LATCHKEY_BASIC", "yes"}}).problems,
            Problems{"LATCHKEY_BASIC: 'yes' is not true or false: write true"});
  EXPECT_EQ(load({"--basic=maybe"}).problems, Problems{"--basic: 'maybe' is not true or false"});
  EXPECT_EQ(load({"--log-level", "loud"}).problems,
            Problems{"--log-level: 'loud' is not one of debug, info, warning, error"});
  EXPECT_EQ(problems_of_file("\n\ncores = 513\n"),
            Problems{"FILE:3: cores: '513' is not a whole number from 0 to 512"});
}

TEST_F(SettingsTest, AWrongAddressOrNetworkIsAProblemInItsOwnWords) {
  const Problems address = load({"--listen", "localhost:80"}).problems;
  ASSERT_EQ(address.size(), 1U);
  EXPECT_EQ(address[0].find("--listen: \"localhost:80\" is not an address and port"), 0U) << address[0];
  const Problems network = load({"--trusted-proxy", "10.0.0.1/8"}).problems;
  ASSERT_EQ(network.size(), 1U);
  EXPECT_NE(network[0].find("write 10.0.0.0/8"), std::string::npos) << network[0];
}

TEST_F(SettingsTest, ABrokenFileIsAProblemWithItsLine) {
  const Problems problems = problems_of_file("node = \"a\"\ncores = \n");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].find("FILE:2: "), 0U) << problems[0];
  const Problems twice = problems_of_file("node = \"a\"\nnode = \"b\"\n");
  ASSERT_EQ(twice.size(), 1U);
  EXPECT_EQ(twice[0].find("FILE:2: "), 0U) << twice[0];
}

TEST_F(SettingsTest, AFileThatCannotBeReadIsAProblem) {
  EXPECT_EQ(load({"--config", "/nonexistent/latchkeyd.toml"}).problems,
            Problems{"/nonexistent/latchkeyd.toml: cannot be read: No such file or directory"});
  EXPECT_EQ(load({"--config", "/"}).problems, Problems{"/: cannot be read: it is a directory"});
  EXPECT_EQ(problems_of_file(std::string((1U << 20) + 1, '\n')),
            Problems{"FILE: cannot be read: it is over 1 MiB"});
}

TEST_F(SettingsTest, AFileThatAnybodyMayWriteToIsAWarning) {
  write_file("node = \"a\"\n");
  EXPECT_EQ(load({}).warnings, Problems{});
  std::filesystem::permissions(file_, std::filesystem::perms(0666));
  const LoadedSettings loaded = load({});
  EXPECT_EQ(loaded.problems, Problems{});
  ASSERT_EQ(loaded.warnings.size(), 1U);
  EXPECT_NE(loaded.warnings[0].find("chmod o-w " + file_.string()), std::string::npos) << loaded.warnings[0];
}

TEST_F(SettingsTest, EveryProblemIsToldNotOnlyTheFirst) {
  write_file("zones = 1\nnode = \"\"\nbody_limit = 1\n");
  EXPECT_EQ(
      load({"--cores=-1"}, {{"LATCHKEY_HASH_PASSES", "0"}}).problems,
      (Problems{
          "FILE:1: zones is no setting; 'latchkeyd --help' lists them",
          "FILE:2: node: '' is not a name of 1 to 253 visible ASCII characters: write \"localhost\"",
          "FILE:3: body_limit: '1' is not a number of bytes from 1KiB to 16MiB, plain or in KiB, MiB or GiB",
          "LATCHKEY_HASH_PASSES: '0' is not a whole number from 1 to 64",
          "--cores: '-1' is not a whole number from 0 to 512",
      }));
}

TEST_F(SettingsTest, WhatContradictsItselfIsAProblem) {
  EXPECT_EQ(
      load({"--listen", "127.0.0.1:1", "--proxy-listen", "127.0.0.1:1"}).problems,
      Problems{"listen: 127.0.0.1:1 is named twice in listen, proxy_listen, verify_listen and admin_listen"});
  EXPECT_EQ(load({}, {{"LATCHKEY_LISTEN", ""}}).problems,
            Problems{"listen: neither listen nor proxy_listen names an address, so nobody could be served"});
  EXPECT_EQ(load({"--basic=false", "--verify-basic"}).problems,
            Problems{"verify_basic: it asks for Authorization: Basic, which basic = false switches off"});
  EXPECT_EQ(
      load({"--proxy-listen", "192.0.2.1:1"}).problems,
      Problems{"proxy_listen: on 192.0.2.1:1 anybody could claim any address: name the proxies that may "
               "connect in trusted_proxy, or listen on 127.0.0.1"});
  EXPECT_EQ(load({"--proxy-listen", "[::]:1"}).problems.size(), 1U);
  EXPECT_EQ(good({"--proxy-listen", "192.0.2.1:1", "--trusted-proxy", "192.0.2.7"}).proxy_listen.size(), 1U);
  EXPECT_EQ(good({"--proxy-listen", "127.0.0.2:1", "--proxy-listen", "[::1]:1"}).proxy_listen.size(), 2U);
  EXPECT_EQ(good({"--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"}).listen.size(), 2U);
  const Problems long_path = load({"--data", "/" + std::string(100, 'x')}).problems;
  ASSERT_EQ(long_path.size(), 1U);
  EXPECT_NE(long_path[0].find("choose a shorter data or admin_socket"), std::string::npos) << long_path[0];
}

// --- bounds, by the table ---

struct Bound {
  std::string_view key;
  std::string_view value;
  bool good;
};

std::ostream& operator<<(std::ostream& out, const Bound& bound) {
  return out << bound.key << " = '" << bound.value << "'";
}

class SettingBound : public testing::TestWithParam<Bound> {};

TEST_P(SettingBound, IsHeld) {
  const auto [key, value, is_good] = GetParam();
  const Setting* const setting = find_setting(key);
  ASSERT_NE(setting, nullptr);
  Settings settings;
  const std::string text(value);
  EXPECT_EQ(assign(*setting, std::span(&text, 1), settings).has_value(), is_good);
}

INSTANTIATE_TEST_SUITE_P(
    Table, SettingBound,
    testing::Values(Bound{"cores", "0", true}, Bound{"cores", "512", true}, Bound{"cores", "513", false},
                    Bound{"cores", "", false}, Bound{"cores", "+1", false}, Bound{"cores", "1 ", false},
                    Bound{"cores", "99999999999999999999", false}, Bound{"token_timeout", "999ms", false},
                    Bound{"token_timeout", "1s", true}, Bound{"token_timeout", "1500ms", false},
                    Bound{"token_timeout", "2000ms", true}, Bound{"token_timeout", "365d", true},
                    Bound{"token_timeout", "366d", false}, Bound{"bind_ipv4_prefix", "7", false},
                    Bound{"bind_ipv4_prefix", "8", true}, Bound{"bind_ipv4_prefix", "33", false},
                    Bound{"bind_ipv6_prefix", "128", true}, Bound{"bind_ipv6_prefix", "129", false},
                    Bound{"hash_memory", "1048575", false}, Bound{"hash_memory", "1024KiB", true},
                    Bound{"hash_memory", "1GiB", true}, Bound{"hash_memory", "2GiB", false},
                    Bound{"hash_memory", "1025MiB", false}, Bound{"hash_memory", "99999999999GiB", false},
                    Bound{"hash_memory", "KiB", false}, Bound{"hash_memory", "19 MiB", false},
                    Bound{"hash_memory", "19MB", false}, Bound{"node", "a", true},
                    Bound{"node", "a b", false}, Bound{"cookie_name", "sso.id", true},
                    Bound{"cookie_name", "__Host-sso", false}, Bound{"cookie_name", "a;b", false},
                    Bound{"cookie_name", "a=b", false}, Bound{"cookie_name", "", false},
                    Bound{"cookie_same_site", "strict", true}, Bound{"cookie_same_site", "none", false},
                    Bound{"node", "a\r\nX: y", false}, Bound{"node", "n\xc3\xb6", false},
                    Bound{"data", "", false}, Bound{"basic", "True", false},
                    Bound{"log_level", "warn", false}, Bound{"drain_timeout", "0s", true},
                    Bound{"idle_timeout", "9ms", false}, Bound{"login_failures_by_user", "0", true},
                    Bound{"login_failures_by_address", "1000000", true},
                    Bound{"login_failures_by_address", "1000001", false},
                    Bound{"login_failures_window", "999ms", false},
                    Bound{"login_failures_window", "1s", true}, Bound{"login_failures_window", "24h", true},
                    Bound{"login_failures_window", "25h", false}));

TEST(SettingsTable, RefusesMoreElementsThanAListHolds) {
  Settings settings;
  const std::vector<std::string> values(65, "127.0.0.1:0");
  EXPECT_FALSE(assign(*find_setting("listen"), values, settings));
  EXPECT_EQ(settings.listen.size(), 1U) << "a refused value must change nothing";
  EXPECT_TRUE(assign(*find_setting("listen"), std::span(values).first(64), settings));
}

TEST(SettingsTable, SpellsFlagAndVariableFromTheKey) {
  EXPECT_EQ(find_setting("token_timeout")->flag(), "--token-timeout");
  EXPECT_EQ(find_setting("token_timeout")->variable(), "LATCHKEY_TOKEN_TIMEOUT");
  EXPECT_EQ(find_setting("nothing"), nullptr);
}

TEST(SettingsTable, TakesEveryDefaultThatItPrints) {
  for (const Setting& setting : settings_table()) {
    const std::vector<std::string> values = values_of(setting, Settings{});
    Settings settings;
    const Result<void> assigned = assign(setting, values, settings);
    EXPECT_TRUE(assigned) << setting.key << ": " << assigned.error().text;
  }
}

// --- what latchkeyd answers instead of serving ---

class Answer : public SettingsTest {
 protected:
  std::optional<int> answer(const std::vector<std::string>& flags, const Environment& environment = {}) {
    return answer_without_serving(load(flags, environment), out_, err_);
  }
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Answer, IsNothingWhereThereIsNothingButToServe) {
  EXPECT_EQ(answer({"--node", "a"}), std::nullopt);
  EXPECT_EQ(out_.str() + err_.str(), "");
}

TEST_F(Answer, ToCheckIsEveryProblemOrThatThereIsNone) {
  EXPECT_EQ(answer({"--check"}), std::nullopt) << "the data are looked at behind it";
  EXPECT_EQ(out_.str(), "settings are good\n");
  EXPECT_EQ(answer({"--check", "--cores", "x", "--node", ""}), 1);
  EXPECT_EQ(err_.str(),
            "latchkeyd: --cores: 'x' is not a whole number from 0 to 512\n"
            "latchkeyd: --node: '' is not a name of 1 to 253 visible ASCII characters: write localhost\n");
}

TEST_F(Answer, ToAStartWithAProblemIsTheProblem) {
  EXPECT_EQ(answer({}, {{"LATCHKEY_CORES", "x"}}), 1);
  EXPECT_EQ(err_.str(), "latchkeyd: LATCHKEY_CORES: 'x' is not a whole number from 0 to 512\n");
}

TEST_F(Answer, ToHelpNamesEverySettingInLinesThatFitATerminal) {
  EXPECT_EQ(answer({"--help", "--cores", "x"}), 0);
  const std::string help = out_.str();
  for (const Setting& setting : settings_table()) {
    EXPECT_NE(help.find("\n  " + setting.flag()), std::string::npos) << setting.key;
  }
  EXPECT_NE(help.find("default <data>/latchkey.key"), std::string::npos);
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110U) << line;
}

TEST_F(Answer, ToPrintReferenceIsThePageInTheDocuments) {
  EXPECT_EQ(answer({"--print-reference", "--cores", "x"}), 0);
  std::ifstream page(LATCHKEY_SETTINGS_REFERENCE, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  EXPECT_EQ(out_.str(), text) << "run latchkeyd --print-reference > docs/reference/settings.md";
  for (const Setting& setting : settings_table()) {
    EXPECT_NE(text.find("| `" + std::string(setting.key) + "` |"), std::string::npos) << setting.key;
    EXPECT_FALSE(setting.help.empty()) << setting.key;
  }
}

TEST_F(Answer, ToVersionIsTheVersion) {
  EXPECT_EQ(answer({"--version"}), 0);
  EXPECT_EQ(out_.str().find("latchkeyd "), 0U);
}

TEST_F(Answer, ToPrintConfigIsAFileThatGivesTheSameSettingsAgain) {
  const std::vector<std::string> flags = {"--listen=127.0.0.1:1",
                                          "--listen=[::1]:2",
                                          "--proxy-listen=127.0.0.1:3",
                                          "--data=/srv/a \"b\"\\c\t",
                                          "--cores=3",
                                          "--token-timeout=90s",
                                          "--trusted-proxy=10.0.0.0/8",
                                          "--forwarded-source=forwarded",
                                          "--basic=false",
                                          "--hash-memory=64MiB",
                                          "--body-limit=1025",
                                          "--log-level=error",
                                          "--tombstones=5",
                                          "--idle-timeout=1500ms",
                                          "--bind-ipv6-prefix=64",
                                          "--node=n\"1\\"};
  std::vector<std::string> asked = flags;
  asked.emplace_back("--print-config");
  ASSERT_EQ(answer(asked), 0);
  const Settings before = good(flags);
  write_file(out_.str());
  const Settings after = good({});
  for (const Setting& setting : settings_table()) {
    EXPECT_EQ(values_of(setting, after), values_of(setting, before)) << setting.key;
  }
}

}  // namespace
}  // namespace latchkey::server
