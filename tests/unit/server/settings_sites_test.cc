#include "server/settings_sites.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "server/settings.h"
#include "server/settings_text.h"
#include "support/temporary_directory.h"

namespace latchkey::server {
namespace {

using Texts = std::vector<std::string>;

class SettingsSitesTest : public testing::Test {
 protected:
  LoadedSettings load(const std::string& text) const {
    const std::filesystem::path file = directory_ / "latchkeyd.toml";
    std::ofstream(file, std::ios::binary) << text;
    const std::string path = file.string();
    const char* const arguments[] = {"latchkeyd", "--config", path.c_str()};
    LoadedSettings loaded = load_settings(3, arguments, {});
    for (std::string& problem : loaded.problems) {
      if (problem.starts_with(path)) problem.erase(0, path.size() + 1);
    }
    return loaded;
  }

  test::TemporaryDirectory directory_;
};

constexpr const char* kTwoSites = R"(
node = "a"

[[site]]
hosts = ["app.example.com", "*.example.com"]
cookie_domain = "example.com"
sign_in = "https://auth.example.com/auth/"
users = ["ann"]
groups = ["staff", "admins"]
public = ["/health", "/assets/"]
preflight = true
redirect = false

[[site]]
hosts = "other.example.org"
)";

TEST_F(SettingsSitesTest, EachTableIsASite) {
  const LoadedSettings loaded = load(kTwoSites);
  EXPECT_EQ(loaded.problems, Texts{});
  EXPECT_EQ(loaded.settings.node, "a");
  ASSERT_EQ(loaded.settings.sites.size(), 2U);
  const api::SiteRules& first = loaded.settings.sites[0];
  EXPECT_EQ(first.hosts, (Texts{"app.example.com", "*.example.com"}));
  EXPECT_EQ(first.cookie_domain, "example.com");
  EXPECT_EQ(first.sign_in, "https://auth.example.com/auth/");
  EXPECT_EQ(first.users, Texts{"ann"});
  EXPECT_EQ(first.groups, (Texts{"staff", "admins"}));
  EXPECT_EQ(first.public_paths, (Texts{"/health", "/assets/"}));
  EXPECT_TRUE(first.preflight);
  EXPECT_FALSE(first.redirect);
  const api::SiteRules& second = loaded.settings.sites[1];
  EXPECT_EQ(second.hosts, Texts{"other.example.org"});
  EXPECT_FALSE(second.preflight);
  EXPECT_TRUE(second.redirect);
}

TEST_F(SettingsSitesTest, PrintedSitesAreReadAsTheyWere) {
  const Settings before = load(kTwoSites).settings;
  const std::string printed = config_text(before);
  const LoadedSettings after = load(printed);
  EXPECT_EQ(after.problems, Texts{});
  EXPECT_EQ(sites_text(after.settings.sites), sites_text(before.sites));
  EXPECT_EQ(after.settings.sites.size(), 2U);
}

TEST_F(SettingsSitesTest, EveryFaultIsToldWithItsLine) {
  EXPECT_EQ(load("[[site]]\nhosts = [1]\nhost = \"a\"\npreflight = \"yes\"\n").problems,
            (Texts{"2: hosts: expected a list of hosts, as [\"app.example.com\", \"*.example.org\"]",
                   "3: host is no key of a site; those are hosts, cookie_domain, sign_in, users, groups, "
                   "public, preflight, redirect",
                   "4: preflight: expected true or false"}));
  EXPECT_EQ(load("[site]\nhosts = []\n").problems,
            Texts{"1: site: the sites are tables: begin each with a line [[site]]"});
  EXPECT_EQ(load("[[site]]\n").problems,
            Texts{"site 1: hosts: it names none: write hosts = [\"app.example.com\"]"});
  EXPECT_EQ(load("site = 1\n").problems,
            Texts{"1: site: the sites are tables: begin each with a line [[site]]"});
}

}  // namespace
}  // namespace latchkey::server
