// Users move in from the files of other programs, and log in with the passwords that they had there.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr int kDone = 0;
constexpr int kInPart = 3;

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

void write(const std::filesystem::path& path, std::string_view text) { std::ofstream(path) << text; }

auto lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

struct Login {
  std::string name;
  std::string password;
};

/// Beside a server and on the files alone: both must do the same.
class Moving : public ::testing::TestWithParam<bool> {
 protected:
  Moving() {
    if (!GetParam()) server_.stop();
  }

  /// Has the programs of `source` make their files in the test's directory. Returns who must log in.
  std::vector<Login> make_files(const std::string& source) {
    const char* const scripts = std::getenv("MOVING_SCRIPTS");
    if (scripts == nullptr)
      throw std::runtime_error("MOVING_SCRIPTS names no directory: run the test by meson");
    const Finished made =
        run_to_end({.arguments = {"/usr/bin/python3", std::string(scripts) + "/make_users.py", source,
                                  directory_.path().string()},
                    .input = {},
                    .environment = {"PATH=/usr/bin:/usr/sbin:/bin:/sbin"}});
    if (made.status != 0) throw std::runtime_error(made.errors);
    std::vector<Login> logins;
    std::istringstream lines(made.output);
    for (std::string line; std::getline(lines, line);) {
      const std::size_t tab = line.find('\t');
      logins.push_back({line.substr(0, tab), line.substr(tab + 1)});
    }
    return logins;
  }

  Finished run(const std::vector<std::string>& words, std::string input = {}) {
    return run_latchkey(data_, words, std::move(input));
  }
  Finished import(const std::string& source, const std::string& file, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"user", "import", "--from", source, (directory_ / file).string()});
    return run(more);
  }

  /// Expects each to log in with the old password and with no other, twice: the second time by the new hash.
  void expect_logins(const std::vector<Login>& logins) {
    ASSERT_FALSE(logins.empty());
    if (!GetParam()) server_.start_again();
    HttpClient client(server_.port());
    for (const auto& [name, password] : logins) {
      EXPECT_EQ(log_in(client, own_agent(), name, password).status, 200) << name;
      EXPECT_TRUE(server_.wait_for_log("event=login.rehashed user=" + name).has_value()) << server_.log();
      EXPECT_EQ(log_in(client, "another agent", name, password).status, 200) << name;
    }
    EXPECT_EQ(log_in(client, own_agent(), logins.back().name, logins.back().password + "x").status, 400);
    if (!GetParam()) server_.stop();
    EXPECT_FALSE(holds(run({"user", "export", "--with-hashes"}).output, "wrapped_"))
        << "a weak hash is there after the first login";
  }

  TemporaryDirectory directory_;
  const std::filesystem::path data_ = directory_ / "data";
  ServerProcess server_{data_};
};

TEST_P(Moving, TakesUsersOfDjangosDumpInWithTheirPasswords) {
  const std::vector<Login> logins = make_files("django");
  const Finished imported = import("django", "users.json");
  EXPECT_EQ(imported.status, kDone) << imported.output << imported.errors;
  EXPECT_TRUE(holds(imported.output, "added    d_ldap: disabled: Django has no password of this user"))
      << imported.output;
  EXPECT_TRUE(holds(imported.output, "hashes are fast to guess")) << imported.output;
  EXPECT_TRUE(holds(imported.output, "a refused login takes")) << imported.output;
  const std::string users = run({"user", "list", "--json"}).output;
  EXPECT_TRUE(holds(users, R"("name":"d_root","active":true,"superuser":true)")) << users;
  EXPECT_TRUE(holds(users, R"("name":"d_gone","active":false)")) << users;
  EXPECT_TRUE(holds(users, R"("name":"d_ldap","active":false)")) << users;
  EXPECT_TRUE(holds(users, R"("first_name":"Ann","last_name":"O'Neil","email":"d_argon2@example.com")"))
      << users;
  EXPECT_TRUE(holds(users, R"("groups":["night shift"])")) << users;
  const std::string stored = run({"user", "export", "--with-hashes"}).output;
  for (const char* const weak : {"\"md5$", "\"sha1$", "\"password_hash\":\"5f4d"})
    EXPECT_FALSE(holds(stored, weak)) << "a weak hash is stored bare";
  expect_logins(logins);
}

TEST_P(Moving, TakesTheSameUsersOfDjangosOtherFiles) {
  make_files("django");
  const Finished first = import("django", "users.json");
  ASSERT_EQ(first.status, kDone) << first.errors;
  const std::string users = run({"user", "list", "--json"}).output;
  for (const char* const file : {"natural.json", "users.jsonl", "users.csv", "db.sqlite3"}) {
    const std::string names = run({"user", "list"}).output;
    for (const char* const name : {"d_pbkdf2_sha256", "d_argon2", "d_root"})
      EXPECT_EQ(run({"user", "delete", name}).status, kDone) << name;
    const Finished again = import("django", file);
    EXPECT_EQ(again.status, kDone) << file << again.output << again.errors;
    EXPECT_TRUE(holds(again.output, "3 added, 0 updated, ")) << file << again.output;
    EXPECT_EQ(lines_of(run({"user", "list"}).output), lines_of(names)) << file;
    // CSV has no groups.
    EXPECT_EQ(holds(run({"user", "list"}).output, "night shift"), file != std::string("users.csv")) << file;
  }
  EXPECT_TRUE(holds(import("awx", "users.csv").output, "0 added")) << "AWX is a Django";
  const Finished no_table = import("django", "db.sqlite3", {"--table", "accounts_user"});
  EXPECT_EQ(no_table.status, 1);
  EXPECT_TRUE(holds(no_table.errors, "--table")) << no_table.errors;
}

TEST_P(Moving, TakesUsersOfHtpasswdInWithTheirPasswords) {
  const std::vector<Login> logins = make_files("htpasswd");
  const Finished imported = import("htpasswd", "htpasswd", {"--json"});
  EXPECT_EQ(imported.status, kInPart) << imported.output << imported.errors;
  EXPECT_TRUE(holds(imported.output, R"("name":"h_plain","where":"line 7","outcome":"refused")"))
      << imported.output;
  EXPECT_TRUE(holds(imported.output, R"("wrapped":{"apr1":1,"des":1,"sha1":1})")) << imported.output;
  EXPECT_FALSE(holds(imported.output, "in the clear")) << "a refusal shows a password";
  const Finished edited = import("htpasswd", "edited");
  EXPECT_EQ(edited.status, kInPart);
  EXPECT_TRUE(holds(edited.output, "0 added, 0 updated, 6 kept, 3 refused")) << edited.output;
  EXPECT_TRUE(holds(edited.output, "login without a password")) << edited.output;
  expect_logins(logins);
}

TEST_P(Moving, TakesUsersOfShadowInWithTheirPasswords) {
  const std::vector<Login> logins = make_files("shadow");
  const Finished imported = import("shadow", "shadow", {"--passwd", (directory_ / "passwd").string()});
  EXPECT_EQ(imported.status, kInPart) << imported.output << imported.errors;
  EXPECT_TRUE(holds(imported.output, "refused  s_open (line 10)")) << imported.output;
  EXPECT_TRUE(holds(imported.output, "skipped  daemon")) << imported.output;
  EXPECT_TRUE(holds(imported.output, "added    s_locked: disabled: the account is locked"))
      << imported.output;
  EXPECT_TRUE(holds(imported.output, "added    s_expired: disabled: the account has expired"))
      << imported.output;
  EXPECT_TRUE(holds(run({"user", "list", "--json"}).output, R"("first_name":"Ann","last_name":"Person")"));
  expect_logins(logins);
}

TEST_P(Moving, TakesUsersOfAnLdapServerInWithTheirPasswords) {
  const std::vector<Login> logins = make_files("ldif");
  const Finished imported = import("ldif", "users.ldif");
  EXPECT_EQ(imported.status, kInPart) << imported.output << imported.errors;
  EXPECT_TRUE(holds(imported.output, "refused  l_plain")) << imported.output;
  EXPECT_TRUE(holds(imported.output, "clear text")) << imported.output;
  EXPECT_TRUE(holds(run({"user", "list", "--json"}).output, "an export folds, so that it takes two lines"));
  expect_logins(logins);
}

TEST_P(Moving, TakesUsersOfAutheliaAndKeycloakInWithTheirPasswords) {
  std::vector<Login> logins = make_files("authelia");
  const std::vector<Login> others = make_files("keycloak");
  EXPECT_EQ(import("authelia", "users.yml").status, kDone);
  const Finished realm = import("keycloak", "realm.json");
  EXPECT_EQ(realm.status, kDone) << realm.output << realm.errors;
  EXPECT_TRUE(holds(realm.output, "skipped  service-account-x")) << realm.output;
  const std::string users = run({"user", "list", "--json"}).output;
  EXPECT_TRUE(holds(users, R"("groups":["admins","dev"])")) << users;
  EXPECT_TRUE(holds(users, R"("groups":["staff","staff/night"])")) << users;
  EXPECT_TRUE(holds(users, R"("name":"a_gone","active":false)")) << users;
  EXPECT_TRUE(holds(users, R"("name":"k_federated","active":false)")) << users;
  logins.insert(logins.end(), others.begin(), others.end());
  expect_logins(logins);
}

TEST_P(Moving, DoesNothingInADryRunAndSaysWhatItWouldDo) {
  write(directory_ / "file",
        "dave:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\nzo\x65\xcc\x88:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n");
  const Finished tried = import("htpasswd", "file", {"--dry-run"});
  EXPECT_EQ(tried.status, kInPart) << tried.errors;
  EXPECT_TRUE(holds(tried.output, "added    dave")) << tried.output;
  EXPECT_TRUE(holds(tried.output, "NFC")) << tried.output;
  EXPECT_TRUE(holds(tried.output, "nothing was done")) << tried.output;
  EXPECT_FALSE(holds(run({"user", "list"}).output, "dave"));
}

TEST_P(Moving, ChangesUsersWhoAreThereIfAskedTo) {
  write(directory_ / "one",
        R"({"name":"dave","password_hash":"sha1$$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8","email":"a@x"})");
  ASSERT_EQ(import("latchkey", "one").status, kDone);
  if (!GetParam()) server_.start_again();
  HttpClient client(server_.port());
  const std::string token = obtain_token(client, "browser", "dave", "password");
  if (!GetParam()) server_.stop();
  // "letmein1"
  write(
      directory_ / "two",
      R"({"name":"dave","password_hash":"$5$saltstring$VmYDfPvtBTeZMHMcc.g0h.YHgvhAjIQqGuyh0xpHtk0","groups":["staff"]})");
  const Finished kept = import("latchkey", "two");
  EXPECT_TRUE(holds(kept.output, "kept     dave: a user of this name is there already")) << kept.output;
  const Finished updated = import("latchkey", "two", {"--update"});
  EXPECT_EQ(updated.status, kDone) << updated.errors;
  EXPECT_TRUE(holds(updated.output, "updated  dave")) << updated.output;
  EXPECT_TRUE(holds(updated.output, "1 token of updated users ended")) << updated.output;
  const std::string users = run({"user", "list", "--json"}).output;
  EXPECT_TRUE(holds(users, R"("email":"a@x")")) << "what the file does not say stays: " << users;
  EXPECT_TRUE(holds(users, R"("groups":["staff"])")) << users;
  EXPECT_TRUE(holds(import("latchkey", "two", {"--update"}).output, "kept     dave: nothing differs"));
  if (!GetParam()) server_.start_again();
  HttpClient other(server_.port());
  EXPECT_EQ(use_token(other, token, "browser").status, 401);
  EXPECT_EQ(log_in(other, "browser", "dave", "password").status, 400);
  EXPECT_EQ(log_in(other, "browser", "dave", "l\xc3\xa8tmein").status, 200);
}

TEST_P(Moving, SaysWhichNamesDifferInCaseAloneAndRefusesTheSameTwice) {
  const std::string hash = ":$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n";
  write(directory_ / "file", "Dave" + hash + "dave" + hash + "Dave" + hash);
  const Finished imported = import("htpasswd", "file");
  EXPECT_EQ(imported.status, kInPart);
  EXPECT_TRUE(holds(imported.output, "added    dave: differs from 'Dave' in case or Unicode form alone"))
      << imported.output;
  EXPECT_TRUE(holds(imported.output, "refused  Dave (line 3): the name stands in the file before, at line 1"))
      << imported.output;
}

TEST_P(Moving, TakesManyUsersInOneGo) {
  std::ofstream file(directory_ / "many");
  constexpr int kUsers = 3000;
  for (int i = 0; i < kUsers; ++i)
    file << "user" << i << ":$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n";
  file.close();
  const Finished imported = import("htpasswd", "many");
  EXPECT_EQ(imported.status, kDone) << imported.errors;
  EXPECT_TRUE(holds(imported.output, "3000 added, 0 updated, 0 kept, 0 refused"))
      << imported.output.substr(0, 200);
  expect_logins({{"user2999", "U*U"}});
}

TEST_P(Moving, WritesUsersToAFileThatIsItsOwnersAloneAndReadsThemAgain) {
  ASSERT_EQ(
      run({"user", "add", "dave", "--password-stdin", "--group", "staff", "--email", "d@x"}, "open\n").status,
      kDone);
  const std::string file = (directory_ / "export").string();
  const Finished written = run({"user", "export", "--with-hashes", file});
  ASSERT_EQ(written.status, kDone) << written.errors;
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_TRUE(holds(text_of(file), R"("name":"dave")")) << text_of(file);
  EXPECT_TRUE(holds(run({"user", "export", "--with-hashes", file}).errors, "is there already"));
  EXPECT_FALSE(holds(run({"user", "export"}).output, "argon2id"));
  ASSERT_EQ(run({"user", "delete", "dave"}).status, kDone);
  EXPECT_TRUE(holds(import("latchkey", "export").output, "added    dave"));
  if (!GetParam()) server_.start_again();
  HttpClient client(server_.port());
  EXPECT_EQ(log_in(client, "browser", "dave", "open").status, 200);
  EXPECT_TRUE(holds(client.request("GET", kMePath, {{"Authorization", "Basic ZGF2ZTpvcGVu"}}).body, "d@x"));
}

TEST_P(Moving, WritesHtpasswdOfTheHashesThatOthersVerify) {
  write(directory_ / "file", "dave:$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
  ASSERT_EQ(import("htpasswd", "file").status, kDone);
  ASSERT_EQ(run({"user", "add", "erin", "--password-stdin"}, "open\n").status, kDone);
  const Finished exported = run({"user", "export", "--format", "htpasswd", "--with-hashes"});
  EXPECT_EQ(exported.status, kInPart);
  EXPECT_EQ(exported.output, "dave:$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
  EXPECT_TRUE(holds(exported.errors, "left out erin")) << exported.errors;
  EXPECT_EQ(run({"user", "export", "--format", "htpasswd"}).status, 1);
}

TEST_P(Moving, ReadsUsersFromAPipe) {
  const std::string fifo = (directory_ / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::thread writer(
      [&] { write(fifo, "dave:$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n"); });
  const Finished imported = import("htpasswd", "fifo");
  writer.join();
  EXPECT_EQ(imported.status, kDone) << imported.errors;
  EXPECT_TRUE(holds(imported.output, "added    dave")) << imported.output;
}

TEST_P(Moving, ReadsNoViewThatStandsInThePlaceOfATable) {
  const std::string file = (directory_ / "endless.sqlite3").string();
  const Finished made = run_to_end(
      {.arguments =
           {"/usr/bin/python3", "-c",
            "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE VIEW auth_user AS WITH "
            "RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id, id AS username, id AS "
            "password FROM n')",
            file},
       .input = {},
       .environment = {}});
  ASSERT_EQ(made.status, 0) << made.errors;
  const Finished imported = import("django", "endless.sqlite3");
  EXPECT_EQ(imported.status, 1) << imported.output;
  EXPECT_TRUE(holds(imported.errors, "there is no table 'auth_user'")) << imported.errors;
}

TEST_P(Moving, WritesUsersToNoFileThatALinkNames) {
  const std::filesystem::path target = directory_ / "target";
  std::filesystem::create_symlink(target, directory_ / "link");
  const Finished exported = run({"user", "export", (directory_ / "link").string()});
  EXPECT_EQ(exported.status, 1) << exported.output;
  EXPECT_FALSE(std::filesystem::exists(target));
}

TEST_P(Moving, UnderstandsAWholeLineAndBlankLinesInThePlaceOfAHash) {
  const std::string hash = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  const std::pair<std::string, std::string> inputs[] = {{"one", hash + "\n\n\n"},
                                                        {"two", "two:" + hash + "\r\n\r\n"},
                                                        {"three", "three: " + hash + ":19000:0:99999:7:::\n"},
                                                        {"four", "  " + hash + "  "}};
  std::vector<Login> logins;
  for (const auto& [name, input] : inputs) {
    const Finished added = run({"user", "add", name, "--password-hash-stdin"}, input);
    EXPECT_EQ(added.status, kDone) << name << added.errors;
    logins.push_back({name, "U*U"});
  }
  const std::pair<std::string, std::string> refused[] = {{"erin:" + hash, "another user's"},
                                                         {hash + "\n" + hash, "more than one line"},
                                                         {"dave:", "empty"},
                                                         {"\n\n", "no hash"},
                                                         {"dave:!" + hash, "locked"}};
  for (const auto& [input, reason] : refused) {
    const Finished command = run({"user", "add", "dave", "--password-hash-stdin"}, input);
    EXPECT_EQ(command.status, 1) << input;
    EXPECT_TRUE(holds(command.errors, reason)) << command.errors;
    EXPECT_FALSE(holds(command.errors, "CCCC")) << command.errors;
  }
  const Finished weak =
      run({"user", "add", "weak", "--password-hash-stdin"}, "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/\n");
  EXPECT_EQ(weak.status, kDone) << weak.errors;
  EXPECT_TRUE(holds(weak.errors, "fast to guess (apr1)")) << weak.errors;
  logins.push_back({"weak", "myPassword"});
  expect_logins(logins);
}

INSTANTIATE_TEST_SUITE_P(Of, Moving, ::testing::Bool(), [](const auto& chosen) {
  return chosen.param ? "BesideAServer" : "WithoutAServer";
});

}  // namespace
}  // namespace latchkey::test
