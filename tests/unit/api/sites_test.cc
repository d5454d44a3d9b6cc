#include "latchkey/api/sites.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::api {
namespace {

constexpr const char* kSignIn = "https://auth.example.com/auth/";

SiteRules site_of(std::vector<std::string> hosts) {
  SiteRules rules;
  rules.hosts = std::move(hosts);
  rules.sign_in = kSignIn;
  return rules;
}

Sites made(std::vector<SiteRules> rules) {
  Result<Sites> sites = Sites::create(std::move(rules));
  EXPECT_TRUE(sites.has_value()) << (sites ? "" : sites.error().text);
  return sites ? std::move(*sites) : Sites();
}

std::string fault_of(SiteRules rules) {
  const Result<Sites> sites = Sites::create({std::move(rules)});
  return sites ? "" : sites.error().text;
}

/// The number of the site from 0, or -1.
int found(const Sites& sites, std::string_view authority, bool is_https = true) {
  const auto parsed = http::parse_authority(authority);
  if (!parsed) return -1;
  const Site* const site = sites.find(is_https, *parsed);
  for (std::size_t i = 0; i < sites.all().size(); ++i) {
    if (sites.all()[i].get() == site) return static_cast<int>(i);
  }
  return -1;
}

TEST(Sites, AHostIsFoundInAnyCaseWithItsDotAndAnyPort) {
  const Sites sites = made({site_of({"App.example.com"})});
  for (const char* const host :
       {"app.example.com", "APP.EXAMPLE.COM", "app.example.com.", "app.example.com:8443", "app.example.com:"})
    EXPECT_EQ(found(sites, host), 0) << host;
  for (const char* const host : {"example.com", "xapp.example.com", "app.example.com.evil.test",
                                 "app.example.co", "a.app.example.com", "app.example.com..", "[::1]", "."})
    EXPECT_EQ(found(sites, host), -1) << host;
}

TEST(Sites, AStarIsForEveryNameBelowAndNotForTheDomain) {
  const Sites sites = made({site_of({"*.example.com"}), site_of({"*.deep.example.com"}),
                            site_of({"one.example.com", "example.com"})});
  EXPECT_EQ(found(sites, "a.example.com"), 0);
  EXPECT_EQ(found(sites, "a.b.example.com"), 0);
  EXPECT_EQ(found(sites, "a.deep.example.com"), 1);
  EXPECT_EQ(found(sites, "deep.example.com"), 0);
  EXPECT_EQ(found(sites, "one.example.com"), 2);
  EXPECT_EQ(found(sites, "example.com"), 2);
  EXPECT_EQ(found(sites, "evil-example.com"), -1);
  EXPECT_EQ(found(sites, ".example.com"), -1);
  for (const char* const odd : {"a..example.com", "one.example.com;x.example.com", "a=b.example.com",
                                "(a).example.com", "*.example.com", "a!.example.com"})
    EXPECT_EQ(found(sites, odd), -1) << odd << " is no name of a host";
}

TEST(Sites, APortInAnEntryIsForThatPortAlone) {
  const Sites sites = made({site_of({"app.example.com:8443"}), site_of({"app.example.com:443"})});
  EXPECT_EQ(found(sites, "app.example.com:8443"), 0);
  EXPECT_EQ(found(sites, "app.example.com"), 1);
  EXPECT_EQ(found(sites, "app.example.com", false), -1);
  EXPECT_EQ(found(sites, "app.example.com:9000"), -1);
}

TEST(Sites, ADestinationIsAnAbsoluteUrlOfAHostThatIsGuarded) {
  const Sites sites = made({site_of({"app.example.com", "*.example.org", "odd.example.com:8443"})});
  const auto url_of = [&sites](std::string_view rd) {
    const auto destination = sites.destination(rd);
    return destination ? destination->url : std::string("-");
  };
  EXPECT_EQ(url_of("https://app.example.com/a?b=c&d=%20e"), "https://app.example.com/a?b=c&d=%20e");
  EXPECT_EQ(url_of("HTTPS://APP.Example.com."), "https://app.example.com/");
  EXPECT_EQ(url_of("https://app.example.com:443?x"), "https://app.example.com/?x");
  EXPECT_EQ(url_of("https://x.y.example.org/"), "https://x.y.example.org/");
  EXPECT_EQ(url_of("https://odd.example.com:8443/"), "https://odd.example.com:8443/");
  for (const char* const rd : {"",
                               "/",
                               "/a",
                               "//app.example.com/",
                               "/\\evil.test",
                               "http://app.example.com/",
                               "https:app.example.com",
                               "https:/app.example.com",
                               "https:///app.example.com",
                               "https://evil.test/",
                               "https://evil-example.org/",
                               "https://app.example.com.evil.test/",
                               "https://app.example.com@evil.test/",
                               "https://evil.test\\@app.example.com/",
                               "https://user@app.example.com/",
                               "https://app.example.com:80/",
                               "https://app.example.com:8443/",
                               "https://odd.example.com/",
                               "https://odd.example.com:99999/",
                               "javascript:alert(1)",
                               "data:text/html,x",
                               "ftp://app.example.com/",
                               "https://app.example.com/#f",
                               "https://app.example.com/a b",
                               "https://app.example.com/\\x",
                               "https://app.example.com/\n",
                               " https://app.example.com/",
                               "https://[::1]/",
                               "https://app%2eexample.com/",
                               "https://.example.org/",
                               "https://\xC3\xA4.example.org/",
                               "null"})
    EXPECT_EQ(url_of(rd), "-") << rd;
  const std::string longest = "https://app.example.com/" + std::string(2024, 'a');
  EXPECT_EQ(url_of(longest), longest);
  EXPECT_EQ(url_of(longest + 'a'), "-");
}

TEST(Sites, WithoutASignInPageThereIsNoDestination) {
  SiteRules rules = site_of({"app.example.com"});
  rules.sign_in.clear();
  EXPECT_FALSE(made({rules}).destination("https://app.example.com/"));
}

TEST(Sites, AnAmbiguousPathIsNeverPublic) {
  SiteRules rules = site_of({"app.example.com"});
  rules.public_paths = {"/health", "/assets/"};
  const Sites sites = made({rules});
  const Site& site = *sites.all().front();
  for (const char* const path : {"/health", "/assets/", "/assets/a.css", "/assets/a/b..c", "/assets/.hidden"})
    EXPECT_TRUE(site.is_public(path)) << path;
  for (const char* const path :
       {"/", "/healthz", "/health/", "/assets", "/assets/../admin", "/assets/..", "/assets/.", "/assets/./x",
        "/assets//x", "//assets/", "/assets/%2e%2e/admin", "/assets/a;b", "/assets/\\..\\admin", "/assets/#",
        "/x/../assets/", "*", "", "/assets/\xC3\xA4", "/assets/a?b"})
    EXPECT_FALSE(site.is_public(path)) << path;
}

TEST(Sites, UsersAndGroupsSayWhoMayEnter) {
  SiteRules rules = site_of({"app.example.com"});
  const Sites for_all = made({rules});
  EXPECT_TRUE(for_all.all().front()->is_for_everybody());
  EXPECT_TRUE(for_all.all().front()->admits("ann", {}));
  rules.users = {"zoe", "ann"};
  rules.groups = {"staff", "admins"};
  const Sites sites = made({rules});
  const Site& site = *sites.all().front();
  const std::vector<std::string> of_staff = {"guests", "staff"};
  const std::vector<std::string> of_guests = {"guests"};
  EXPECT_TRUE(site.admits("ann", {}));
  EXPECT_TRUE(site.admits("ben", of_staff));
  EXPECT_FALSE(site.admits("ben", of_guests));
  EXPECT_FALSE(site.admits("Ann", {}));
  EXPECT_FALSE(site.admits("", {}));
}

TEST(Sites, TheLongestDomainOfACookieCounts) {
  SiteRules one = site_of({"app.example.com"});
  one.cookie_domain = ".Example.com";
  SiteRules other = site_of({"a.in.example.com"});
  other.sign_in = "https://auth.in.example.com/auth/";
  other.cookie_domain = "in.example.com";
  const Sites sites = made({one, other});
  EXPECT_EQ(sites.cookie_domain_of("auth.example.com"), "example.com");
  EXPECT_EQ(sites.cookie_domain_of("EXAMPLE.com."), "example.com");
  EXPECT_EQ(sites.cookie_domain_of("auth.in.example.com"), "in.example.com");
  EXPECT_EQ(sites.cookie_domain_of("evilexample.com"), "");
  EXPECT_EQ(Sites().cookie_domain_of("example.com"), "");
}

TEST(Sites, WhatIsWrongIsSaidWithTheSitesNumberAndAnExample) {
  EXPECT_EQ(fault_of({}), "site 1: hosts: it names none: write hosts = [\"app.example.com\"]");
  for (const char* const host : {"https://app.example.com", "app.example.com/", "*", "*.", "a..b", "a b",
                                 "*.*.com", "[::1]", "app.example.com:99999", "-.%", "ä.example.com"}) {
    EXPECT_NE(fault_of(site_of({host})), "") << host;
  }
  SiteRules rules = site_of({"app.example.com"});
  for (const char* const page : {"/auth/", "auth.example.com/auth/", "https://auth.example.com", "ftp://a.b/",
                                 "https://auth.example.com/ auth", "https://u@auth.example.com/"}) {
    rules.sign_in = page;
    EXPECT_NE(fault_of(rules), "") << page;
  }
  rules = site_of({"app.example.com"});
  for (const char* const domain : {"com", "example.org", "pp.example.com", "*.example.com", "example.com/"}) {
    rules.cookie_domain = domain;
    EXPECT_NE(fault_of(rules), "") << domain;
  }
  rules = site_of({"app.auth.example.com"});
  rules.cookie_domain = "app.auth.example.com";
  EXPECT_NE(fault_of(rules), "") << "the sign-in page cannot set it";
  rules = site_of({"app.example.com"});
  for (const char* const path : {"assets/", "/", "/a%20b", "/a/../b", "/a//b", "/a;b", "/a?b"}) {
    rules.public_paths = {path};
    EXPECT_NE(fault_of(rules), "") << path;
  }
  const Result<Sites> twice =
      Sites::create({site_of({"a.example.com"}), site_of({"b.example.com", "A.example.com"})});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().text, "site 2: hosts: a.example.com is named twice: name it in one site");
  EXPECT_FALSE(Sites::create(std::vector<SiteRules>(kMaxSites + 1, site_of({"a.example.com"}))));
}

}  // namespace
}  // namespace latchkey::api
