#include "server/settings_reload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/settings_table.h"

namespace latchkey::server {
namespace {

using Texts = std::vector<std::string>;

/// A server that was started with a file, and whose file is then another.
class SettingsReloadTest : public testing::Test {
 protected:
  static SourceReading read(std::string_view text) {
    return read_settings_text("FILE", std::string(text), std::filesystem::perms::owner_read);
  }

  void start(std::string_view file, std::vector<const char*> flags = {},
             const Environment& environment = {}) {
    flags.insert(flags.begin(), "latchkeyd");
    SettingsSources sources{"FILE", read(file), read_environment(environment),
                            read_flags(static_cast<int>(flags.size()), flags.data()).values};
    LoadedSettings loaded = settings_from(std::move(sources));
    ASSERT_EQ(loaded.problems, Texts{});
    in_force_ = std::move(loaded.settings);
    sources_ = std::move(loaded.sources);
  }

  /// What a reload gives; from then on it holds, unless it is refused.
  ReloadedSettings reload(std::string_view file) {
    ReloadedSettings reloaded = reload_settings(in_force_, *sources_, {"FILE", std::string(file), {}});
    if (reloaded.problems.empty()) {
      in_force_ = reloaded.settings;
      sources_ = reloaded.sources;
    }
    return reloaded;
  }

  Settings in_force_;
  std::shared_ptr<const SettingsSources> sources_;
};

TEST_F(SettingsReloadTest, WhatMayChangeChangesAndTheRestWaits) {
  start("node = \"one\"\ncores = 2\n");
  const ReloadedSettings reloaded = reload("node = \"two\"\ncores = 3\nbasic = false\n");
  EXPECT_EQ(reloaded.problems, Texts{});
  EXPECT_EQ(reloaded.applied, (Texts{"node", "basic"}));
  EXPECT_EQ(reloaded.pending, Texts{"cores"});
  EXPECT_EQ(in_force_.node, "two");
  EXPECT_FALSE(in_force_.basic);
  EXPECT_EQ(in_force_.cores, 2U);
}

TEST_F(SettingsReloadTest, WhatWaitsIsNamedUntilTheFileNoLongerAsksForIt) {
  start("tombstones = 10\n");
  EXPECT_EQ(reload("tombstones = 20\n").pending, Texts{"tombstones"});
  EXPECT_EQ(reload("tombstones = 20\n").pending, Texts{"tombstones"});
  EXPECT_EQ(reload("tombstones = 10\n").pending, Texts{});
}

TEST_F(SettingsReloadTest, WhatTheFileNoLongerSetsIsTheDefaultAgain) {
  start("node = \"one\"\nidle_timeout = \"5s\"\n");
  EXPECT_EQ(reload("").applied, (Texts{"node", "idle_timeout"}));
  EXPECT_EQ(in_force_.node, Settings{}.node);
  EXPECT_EQ(in_force_.idle_timeout, Settings{}.idle_timeout);
}

TEST_F(SettingsReloadTest, OneWrongLineAndNothingChanges) {
  start("node = \"one\"\n");
  const ReloadedSettings reloaded = reload("node = \"two\"\nhash_queue = 0\nlog_level = \"loud\"\n");
  ASSERT_EQ(reloaded.problems.size(), 2U);
  EXPECT_TRUE(reloaded.problems[0].starts_with("FILE:2: hash_queue: ")) << reloaded.problems[0];
  EXPECT_TRUE(reloaded.problems[1].starts_with("FILE:3: log_level: ")) << reloaded.problems[1];
  EXPECT_EQ(in_force_.node, "one");
}

TEST_F(SettingsReloadTest, SitesChangeAsAWhole) {
  start("[[site]]\nhosts = [\"a.example.com\"]\nsign_in = \"https://auth.example.com/auth/\"\n");
  const std::string two =
      "[[site]]\nhosts = [\"a.example.com\"]\nsign_in = \"https://auth.example.com/auth/\"\ngroups = [\"staff\"]\n";
  EXPECT_EQ(reload(two).applied, Texts{"site"});
  ASSERT_EQ(in_force_.sites.size(), 1U);
  EXPECT_EQ(in_force_.sites.front().groups, Texts{"staff"});
  EXPECT_EQ(reload(two).applied, Texts{});
  EXPECT_EQ(reload("").applied, Texts{"site"});
  EXPECT_TRUE(in_force_.sites.empty());
}

TEST_F(SettingsReloadTest, AFlagAndAVariableCountAsBeforeAndAreNamedWhereTheyHideAChange) {
  start("node = \"one\"\nhash_queue = 7\n", {"--node", "flag"}, {{"LATCHKEY_HASH_QUEUE", "9"}});
  const ReloadedSettings reloaded = reload("node = \"two\"\nhash_queue = 8\nbasic = false\n");
  EXPECT_EQ(reloaded.applied, Texts{"basic"});
  EXPECT_EQ(reloaded.hidden,
            (Texts{"node is as --node gives it, which counts before the file",
                   "hash_queue is as LATCHKEY_HASH_QUEUE gives it, which counts before the file"}));
  EXPECT_EQ(in_force_.node, "flag");
  EXPECT_EQ(in_force_.hash_queue, 9U);
  EXPECT_EQ(reload("node = \"two\"\nhash_queue = 8\n").hidden, Texts{}) << "there is no change to hide";
}

TEST_F(SettingsReloadTest, WhatWouldNotFitWhatHoldsUntilARestartIsRefused) {
  start("proxy_listen = [\"192.0.2.1:80\"]\ntrusted_proxy = [\"192.0.2.7\"]\n");
  // By itself the file is good: it gives up both.
  const ReloadedSettings reloaded = reload("");
  ASSERT_EQ(reloaded.problems.size(), 1U);
  EXPECT_TRUE(reloaded.problems[0].starts_with("proxy_listen: ")) << reloaded.problems[0];
  EXPECT_NE(reloaded.problems[0].find("restart the server to change both"), std::string::npos);
  EXPECT_EQ(in_force_.trusted_proxy.size(), 1U);
}

TEST_F(SettingsReloadTest, EverySettingIsAppliedOrWaitsAsTheTableSays) {
  for (const Setting& setting : settings_table()) {
    start("");
    Settings other = in_force_;
    // Another value of each kind.
    const std::vector<Texts> values = {{"true"},       {"false"},    {"7"},           {"4096"},
                                       {"16MiB"},      {"3s"},       {"other"},       {"0640"},
                                       {"/some/path"}, {"error"},    {"json"},        {"forwarded"},
                                       {"strict"},     {"10.0.0.1"}, {"127.0.0.1:7"}, {"nginx@127.0.0.1:8"},
                                       {"24"},         {"errors"}};
    bool found = false;
    for (const Texts& value : values) {
      found = assign(setting, value, other).has_value() &&
              values_of(setting, other) != values_of(setting, in_force_);
      if (found) break;
    }
    ASSERT_TRUE(found) << setting.key << ": add a value to the list";
    SettingsSources sources = *sources_;
    sources.flags.given.push_back({&setting, values_of(setting, other), "--" + std::string(setting.key)});
    const ReloadedSettings reloaded = reload_settings(in_force_, sources, {"FILE", "", {}});
    const bool waits = setting.reload == Reload::kRestart;
    if (!reloaded.problems.empty()) continue;  // alone it contradicts another: verify_listen, user_field
    const auto named = [&setting](const Texts& texts) {
      return std::find(texts.begin(), texts.end(), setting.key) != texts.end();
    };
    EXPECT_EQ(named(reloaded.applied), !waits) << setting.key;
    EXPECT_EQ(named(reloaded.pending), waits) << setting.key;
  }
}

}  // namespace
}  // namespace latchkey::server
