// The traps of each source's files. tests/integration/moving_test.cc has files that the programs themselves
// made.
#include "latchkey/migration/read_users.h"

#include <gtest/gtest.h>
#include <sodium.h>

namespace latchkey::migration {
namespace {

class ReadUsersTest : public ::testing::Test {
 protected:
  ReadUsersTest() { EXPECT_GE(sodium_init(), 0); }

  static std::vector<ForeignUser> read(Source source, std::string_view text,
                                       const ReadOptions& options = {}) {
    auto users = read_users(source, text, options);
    EXPECT_TRUE(users.has_value()) << users.error().text;
    return users ? std::move(*users) : std::vector<ForeignUser>();
  }
  static void expect_refused(Source source, std::string_view text, std::string_view part) {
    const auto users = read_users(source, text, {});
    ASSERT_FALSE(users.has_value()) << text;
    EXPECT_EQ(users.error().code, ErrorCode::kInvalid);
    EXPECT_NE(users.error().text.find(part), std::string::npos) << users.error().text;
  }
};

TEST_F(ReadUsersTest, KnowsEachSourceByItsName) {
  for (const char* const name :
       {"django", "awx", "htpasswd", "shadow", "authelia", "ldif", "keycloak", "latchkey"})
    EXPECT_TRUE(source_named(name).has_value()) << name;
  EXPECT_FALSE(source_named("passwd").has_value());
}

TEST_F(ReadUsersTest, RefusesATextWithoutUsers) {
  for (const Source source :
       {Source::kHtpasswd, Source::kShadow, Source::kLdif, Source::kLatchkey, Source::kDjango})
    expect_refused(source, "\n\n", "no user");
  expect_refused(Source::kDjango, "name,age\nalice,7\n", "username");
  expect_refused(Source::kDjango, "[{", "JSON");
  expect_refused(Source::kKeycloak, "{\"realm\":\"x\"}", "--users");
  expect_refused(Source::kKeycloak, "users", "JSON");
  expect_refused(Source::kAuthelia, "people: {}", "users");
  expect_refused(Source::kAuthelia, "users: [", "YAML");
}

TEST_F(ReadUsersTest, ReadsHtpasswdWithWhatPeopleAddToIt) {
  const auto users = read(Source::kHtpasswd,
                          "\xef\xbb\xbf# by hand\r\n\r\nalice: hash \r\nbob:\n:x\ncarl\ndave:a:b\nerin:last");
  ASSERT_EQ(users.size(), 6U);
  EXPECT_EQ(users[0].name, "alice");
  EXPECT_EQ(users[0].hash, "hash");
  EXPECT_EQ(users[0].where, "line 3");
  EXPECT_FALSE(users[0].active.has_value()) << "the file does not say";
  EXPECT_NE(users[1].why_refused.find("without a password"), std::string::npos);
  EXPECT_EQ(users[2].name, "");
  EXPECT_NE(users[3].why_refused.find("colon"), std::string::npos);
  EXPECT_EQ(users[4].hash, "a");
  EXPECT_EQ(users[5].hash, "last");
}

TEST_F(ReadUsersTest, TellsWhichAccountsOfShadowAreOpenLockedOrExpired) {
  const WallTime now{std::int64_t{20'000} * 86'400'000};
  const auto users =
      read(Source::kShadow,
           "open::1:0:9:7:::\nnone:*:1:0:9:7:::\nnever:!!:1:0:9:7:::\nlocked:!$6$a$b:1:0:9:7:::\n"
           "gone:$6$a$b:1:0:9:7::19999:\nsoon:$6$a$b:1:0:9:7::20001:\nsystem:$6$a$b:1:0:9:7:::\nshort:x:1\n"
           "nobody:$6$a$b:1:0:9:7:::\nlate:$6$a$b:1:0:9:7::9000000000000000000:\n",
           {.passwd = "open:x:1000:1::/:/\nlocked:x:1001:1:Ann B Person,,:/:/\ngone:x:1002:1::/:/\n"
                      "soon:x:1003:1::/:/\nsystem:x:12:1::/:/\nnobody:x:65534:1::/:/\nlate:x:1004:1::/:/\n",
            .now = now});
  ASSERT_EQ(users.size(), 10U);
  EXPECT_NE(users[0].why_refused.find("empty"), std::string::npos);
  EXPECT_FALSE(users[1].why_skipped.empty());
  EXPECT_FALSE(users[2].why_skipped.empty());
  EXPECT_EQ(users[3].hash, "$6$a$b");
  EXPECT_EQ(users[3].active, false);
  EXPECT_EQ(users[3].first_name, "Ann B");
  EXPECT_EQ(users[3].last_name, "Person");
  EXPECT_EQ(users[4].active, false);
  EXPECT_FALSE(users[5].active.has_value());
  EXPECT_NE(users[6].why_skipped.find("12"), std::string::npos);
  EXPECT_NE(users[7].why_refused.find("3 fields"), std::string::npos);
  EXPECT_FALSE(users[8].why_skipped.empty());
  EXPECT_FALSE(users[9].active.has_value()) << "the day has not come";
}

TEST_F(ReadUsersTest, DisablesUsersWithoutAPasswordInDjango) {
  const auto users = read(Source::kDjango,
                          R"([{"model":"auth.group","pk":7,"fields":{"name":"staff"}},
    {"model":"auth.user","pk":1,"fields":{"username":"a","password":"!x","is_active":true,"groups":[7,8]}},
    {"model":"auth.user","pk":2,"fields":{"username":"b","password":"","is_active":"1"}},
    {"model":"auth.user","pk":3,"fields":{"username":"c","password":"5f4dcc3b5aa765d61d8327deb882cf99","is_active":0,
     "is_superuser":"1","groups":[["night"]]}}, {"model":"other","pk":1,"fields":{"username":"d"}}, 7])");
  ASSERT_EQ(users.size(), 3U);
  EXPECT_EQ(users[0].active, false);
  EXPECT_FALSE(users[0].hash.has_value());
  EXPECT_EQ(users[0].groups, std::vector<std::string>{"staff"});
  EXPECT_NE(users[0].note.find("groups left out"), std::string::npos) << users[0].note;
  EXPECT_EQ(users[1].active, false);
  EXPECT_EQ(users[2].hash, "md5$$5f4dcc3b5aa765d61d8327deb882cf99");
  EXPECT_EQ(users[2].active, false);
  EXPECT_EQ(users[2].superuser, true);
  EXPECT_EQ(users[2].groups, std::vector<std::string>{"night"});
}

TEST_F(ReadUsersTest, ReadsATableByItsColumnsNames) {
  const auto users =
      read(Source::kDjango,
           "password,extra,username,is_active,is_superuser\n\"p,q\",,alice,t,f\nx,,bob,False,1\ny,z\n");
  ASSERT_EQ(users.size(), 3U);
  EXPECT_EQ(users[0].name, "alice");
  EXPECT_EQ(users[0].hash, "p,q");
  EXPECT_EQ(users[0].active, true);
  EXPECT_EQ(users[0].superuser, false);
  EXPECT_FALSE(users[0].email.has_value());
  EXPECT_EQ(users[1].active, false);
  EXPECT_NE(users[2].why_refused.find("2 columns"), std::string::npos);
}

TEST_F(ReadUsersTest, UnfoldsLdifAndTellsPeopleFromTheRest) {
  const auto users = read(
      Source::kLdif,
      "version: 1\n# a comment\n that goes on\ndn: dc=example\ndc: example\n\n"
      "dn: uid=alice,dc=example\nuid: alice\ngivenName:: w4RubmE=\nsn: Per\n son\nuserPassword:: e1NTSEF9\n"
      " eA==\n\ndn: cn=bob\ncn: bob\nUserPassword: {CRYPT}x\nuserPassword: {CRYPT}y\n\n"
      "dn: uid=carl\nuid: carl\n\ndn: uid=dave\nchangetype: delete\n\nuid: erin\nuserPassword:: ???");
  ASSERT_EQ(users.size(), 4U);
  EXPECT_EQ(users[0].name, "alice");
  EXPECT_EQ(users[0].first_name, "\xc3\x84nna");
  EXPECT_EQ(users[0].last_name, "Person");
  EXPECT_EQ(users[0].hash, "{SSHA}x");
  EXPECT_EQ(users[1].name, "bob");
  EXPECT_NE(users[1].why_refused.find("2 values"), std::string::npos);
  EXPECT_EQ(users[2].name, "carl");
  EXPECT_EQ(users[2].active, false);
  EXPECT_NE(users[3].why_refused.find("base64"), std::string::npos);
}

TEST_F(ReadUsersTest, ReadsAutheliasYaml) {
  const auto users =
      read(Source::kAuthelia,
           "users:\n  alice: &a\n    displayname: Ann B Person\n    password: $6$x\n    groups: [a, 'b c']\n"
           "  bob: {disabled: true, password: y}\n  carl: *a\n  dave: {}\n");
  ASSERT_EQ(users.size(), 4U);
  EXPECT_EQ(users[0].first_name, "Ann B");
  EXPECT_EQ(users[0].last_name, "Person");
  EXPECT_EQ(users[0].groups, (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(users[0].active, true);
  EXPECT_EQ(users[1].active, false);
  EXPECT_EQ(users[2].hash, "$6$x");
  EXPECT_FALSE(users[3].why_refused.empty());
}

TEST_F(ReadUsersTest, SurvivesYamlThatIsDeepOrRefersToItself) {
  EXPECT_FALSE(read_users(Source::kAuthelia, "users: " + std::string(100'000, '['), {}).has_value());
  const std::string nested =
      "users: {a: {password: x, groups: " + std::string(5000, '[') + std::string(5000, ']') + "}}";
  static_cast<void>(read_users(Source::kAuthelia, nested, {}));
  static_cast<void>(read_users(Source::kAuthelia, "users: &a {b: *a}", {}));
}

TEST_F(ReadUsersTest, RefusesYamlWhoseAliasesMakeMuchOfLittle) {
  std::string many = "users:\n  a: &a {password: '" + std::string(1 << 20, 'x') + "'}\n";
  for (int i = 0; i < 100; ++i) many += "  user" + std::to_string(i) + ": *a\n";
  expect_refused(Source::kAuthelia, many, "too many values");
  std::string groups = "users:\n  a: {password: x, email: &g '" + std::string(1 << 20, 'x') + "', groups: [";
  for (int i = 0; i < 10'000; ++i) groups += "*g, ";
  const auto users = read(Source::kAuthelia, groups + "]}\n");
  ASSERT_EQ(users.size(), 1U);
  EXPECT_LE(users[0].groups->size(), 256U);
  EXPECT_LE(users[0].groups->front().size(), 256U);
  const std::string shared =
      "users:\n  a: &a {password: x, groups: [" + std::string(200, 'g') + "]}\n  b: *a\n  c: *a\n";
  EXPECT_EQ(read(Source::kAuthelia, shared).size(), 3U) << "sharing alone is no fault";
}

TEST_F(ReadUsersTest, ReadsNoMoreUsersThanItTakes) {
  std::string many;
  for (std::size_t i = 0; i <= 100'000; ++i) many += "u" + std::to_string(i) + ":x\n";
  expect_refused(Source::kHtpasswd, many, "over 100000 users");
}

TEST_F(ReadUsersTest, GivesEachNameOneNoteAtMostHoweverManyAreAlike) {
  constexpr int kLetters = 10;
  std::string many;
  for (int number = 0; number < 1 << kLetters; ++number) {
    for (int bit = 0; bit < kLetters; ++bit) many += (number >> bit & 1) != 0 ? 'A' : 'a';
    many += ":x\n";
  }
  const auto users = read(Source::kHtpasswd, many);
  ASSERT_EQ(users.size(), std::size_t{1} << kLetters);
  for (const ForeignUser& user : users) {
    EXPECT_FALSE(user.note.empty()) << user.name;
    EXPECT_LT(user.note.size(), 60U) << user.name;
  }
}

TEST_F(ReadUsersTest, CutsKeycloaksPbkdf2ToOneBlockAndBuildsArgon2) {
  const auto users =
      read(Source::kKeycloak, R"({"users":[{"username":"a","enabled":false,"credentials":[{"type":"password",
    "secretData":"{\"value\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==\",\"salt\":\"++++\"}",
    "credentialData":"{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}"}]},
    {"username":"b","credentials":[{"type":"password","secretData":"{\"value\":\"AAAA\",\"salt\":\"BBBB\"}",
    "credentialData":"{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}"}]},
    {"username":"c","credentials":[{"type":"password","secretData":"{}","credentialData":"{}"}]},
    {"username":"d","credentials":[{"type":"password","secretData":"{\"value\":\"AAAA\",\"salt\":\"BBBB\"}",
    "credentialData":"{\"hashIterations\":5,\"algorithm\":\"bcrypt\"}"}]}]})");
  ASSERT_EQ(users.size(), 4U);
  EXPECT_EQ(users[0].hash, "$pbkdf2-sha256$27500$....$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
  EXPECT_EQ(users[0].active, false);
  EXPECT_EQ(users[1].hash, "$argon2id$v=19$m=7168,t=5,p=1$BBBB$AAAA");
  EXPECT_FALSE(users[2].why_refused.empty());
  EXPECT_NE(users[3].why_refused.find("algorithm"), std::string::npos);
}

TEST_F(ReadUsersTest, NamesWhatDiffersInCaseAloneAndRefusesTheSameTwice) {
  const auto users = read(Source::kHtpasswd, "\xc3\x84nn:x\n\xc3\xa4nn:y\n\xc3\x84nn:z\n");
  EXPECT_NE(users[0].note.find("\xc3\xa4nn"), std::string::npos);
  EXPECT_NE(users[1].note.find("\xc3\x84nn"), std::string::npos);
  EXPECT_EQ(users[2].why_refused, "the name stands in the file before, at line 1");
}

}  // namespace
}  // namespace latchkey::migration
