#include "latchkey/api/admin.h"

#include <gtest/gtest.h>

#include <vector>

#include "latchkey/credential/authenticator.h"
#include "latchkey/store/sqlite_store.h"
#include "support/hash_rig.h"
#include "support/store_rig.h"
#include "support/temporary_directory.h"

namespace latchkey::api {
namespace {

using credential::User;

class FakeEnder final : public UserSessions {
 public:
  explicit FakeEnder(credential::SqliteDirectory& directory) : directory_(directory) {}

  runtime::Task<Result<std::size_t>> end_all(std::int64_t user_id, store::Death reason) override {
    if (error) co_return tl::unexpected(*error);
    auto finding = directory_.find_by_id(user_id);
    const Result<std::optional<User>> user = co_await finding;
    asked.push_back({user_id, reason, *user});
    co_return std::size_t{3};
  }

  runtime::Task<Result<bool>> set_profile(std::int64_t user_id, token::ProfileParts profile) override {
    if (error) co_return tl::unexpected(*error);
    profiles.emplace_back(user_id, std::move(profile));
    co_return true;
  }

  struct Asked {
    std::int64_t user_id;
    store::Death reason;
    std::optional<User> user;  ///< as the directory had it at that time
  };
  std::vector<Asked> asked;
  std::vector<std::pair<std::int64_t, token::ProfileParts>> profiles;
  std::optional<Error> error;

 private:
  credential::SqliteDirectory& directory_;
};

class AdminTest : public ::testing::Test {
 protected:
  AdminReply ask(std::string method, std::string path, std::string_view body = {}) {
    return ask(admin, std::move(method), std::move(path), body);
  }
  AdminReply ask(Admin& whom, std::string method, std::string path, std::string_view body = {}) {
    return rig.wait(whom.handle({std::move(method), std::move(path), SecretText(body)}));
  }
  void add(std::string_view name, std::string_view password = "my pass") {
    const AdminReply reply =
        ask("POST", "/users",
            "{\"name\":\"" + std::string(name) + "\",\"password\":\"" + std::string(password) + "\"}");
    ASSERT_EQ(reply.status, 201) << reply.json;
  }
  std::optional<User> user(std::string name) { return rig.wait(directory.find(std::move(name))).value(); }
  bool logs_in(std::string name, std::string_view password) {
    return rig.wait(authenticator.authenticate(std::move(name), SecretText(password)))->has_value();
  }
  store::RowId login(std::int64_t user_id, std::uint8_t seed, WallTime last_used) {
    store::Session session;
    session.id.fill(seed);
    session.lookup.fill(seed);
    session.user_id = user_id;
    session.created = rig.clock.wall();
    session.last_used = last_used;
    session.address = "192.0.2.1";
    session.agent = "agent \x1b\xff";
    return rig.wait(sqlite_store.record_login({.session = session, .deaths = {}})).value();
  }

  static constexpr std::chrono::milliseconds kTimeout{1000};

  test::TemporaryDirectory scratch;
  test::StoreRig rig{test::must_open(scratch / "a.db")};
  std::unique_ptr<credential::HashPool> pool = test::must_make_pool({1});
  credential::HashClient hasher{rig.port(), *pool, 8};
  credential::SqliteDirectory directory{rig.port(), rig.store};
  store::SqliteStore sqlite_store{rig.port(), rig.store};
  credential::Authenticator authenticator{directory, hasher, rig.log};
  FakeEnder sessions{directory};
  SystemRandom random;
  credential::Throttle throttle{{.failures_by_user = 2, .failures_by_address = 5, .window_ms = 60'000},
                                random};
  Admin admin{{directory, hasher, sqlite_store, sessions, rig.clock, rig.log, kTimeout}};
  Admin serving{{directory, hasher, sqlite_store, sessions, rig.clock, rig.log, kTimeout, &throttle}};
};

TEST_F(AdminTest, AddsAUserWhoCanLogInAndSaysWhoItIs) {
  const AdminReply reply = ask(
      "POST", "/users",
      R"({"name":"alice","password":"my \"pass\u00e4","superuser":true,"first_name":"Al","last_name":"Ice",)"
      R"("email":"al@example.org"})");
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.json,
            R"({"id":1,"name":"alice","active":true,"superuser":true,"first_name":"Al","last_name":"Ice",)"
            R"("email":"al@example.org","created":"2023-11-14T22:13:20.000Z","groups":[]})");
  EXPECT_TRUE(logs_in("alice", "my \"pass\xc3\xa4"));
}

TEST_F(AdminTest, TakesAHashInThePlaceOfAPasswordAsItIsAndMeasuresItFirst) {
  const std::string bcrypt = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  const std::uint64_t before = hasher.metrics().hashes.load();
  EXPECT_EQ(ask("POST", "/users", R"({"name":"alice","password_hash":")" + bcrypt + "\"}").status, 201);
  EXPECT_EQ(hasher.metrics().hashes.load(), before + 1);
  EXPECT_EQ(user("alice")->password_hash, bcrypt);
  EXPECT_TRUE(logs_in("alice", "U*U"));

  add("bob");
  EXPECT_EQ(ask("POST", "/users/bob/password", R"({"password_hash":")" + bcrypt + "\"}").status, 200);
  EXPECT_EQ(user("bob")->password_hash, bcrypt);
  EXPECT_EQ(user("bob")->password_number, 1);
  EXPECT_EQ(sessions.asked.size(), 1U);
}

TEST_F(AdminTest, RefusesAUserThatExistsWithConflict) {
  add("alice");
  const AdminReply reply = ask("POST", "/users", R"({"name":"alice","password":"x"})");
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(reply.json, R"({"detail":"there is a user named 'alice' already"})");
}

TEST_F(AdminTest, RefusesBadInputWithWhatIsWrong) {
  const std::pair<std::string, const char*> wrong[] = {
      {"", "is no JSON object"},
      {"[]", "is no JSON object"},
      {"{\"name\":", "is no JSON object"},
      {R"({"name":"a","password":"p","x":1})", "unknown member 'x'"},
      {R"({"name":7,"password":"p"})", "'name' that is no text"},
      {R"({"name":"a","password":7})", "'password' that is no text"},
      {R"({"name":"a","password_hash":7})", "'password_hash' that is no text"},
      {R"({"name":"a","password_hash":""})", "does not read"},
      {R"({"name":"a","password_hash":"$2b$05$short"})", "is malformed"},
      {R"({"name":"a","password":"p","password_hash":"$2b$05$short"})", "not both"},
      {R"({"name":"a","password":"p","superuser":"yes"})", "'superuser' that is no boolean"},
      {R"({"password":"p"})", "name is empty"},
      {R"({"name":" a","password":"p"})", "begins or ends with white space"},
      {R"({"name":"a"})", "the password is missing"},
      {R"({"name":"a","password":""})", "the password may not be empty"},
      {R"({"name":"a","password":"a\u0000"})", "the password has a NUL in it"},
      {R"({"name":"a","password":")" + std::string(4097, 'p') + "\"}", "the password is over 4096 bytes"},
      {R"({"name":"a","password":"p","email":"a\nb"})", "the email address has a control character"},
      {std::string(65537, ' '), "more than 65536 bytes"},
  };
  for (const auto& [body, problem] : wrong) {
    const AdminReply reply = ask("POST", "/users", body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_NE(reply.json.find(problem), std::string::npos) << reply.json;
  }
  EXPECT_EQ(ask("GET", "/users").json, R"({"users":[],"next":null})");
}

TEST_F(AdminTest, KnowsItsResourcesAndTheirMethods) {
  add("alice");
  for (const char* const path :
       {"/", "", "/other", "/users/alice/other", "/users/alice/password/x", "/tokens/alice/x",
        "/users?limit=3", "users", "/key", "/key/x", "/import", "/import/outcomes", "/users/", "//users"}) {
    EXPECT_EQ(ask("GET", path).status, 404) << path;
  }
  for (const char* const path : {"/users", "/export", "/key", "/import/users", "/users/alice/password"}) {
    EXPECT_EQ(ask("PUT", path).status, 405) << path;
  }
  EXPECT_EQ(ask("PUT", "/users/alice").status, 405);
  EXPECT_EQ(ask("POST", "/tokens").status, 405);
  EXPECT_EQ(ask("GET", "/users/alice").status, 200);
  EXPECT_EQ(ask("GET", "/tokens").status, 200);
  EXPECT_EQ(ask("GET", "/users/alice/password").status, 405);
  EXPECT_EQ(ask("POST", "/tokens/alice").status, 405);
}

TEST_F(AdminTest, NamesEachActionThatItIsAskedFor) {
  for (const AdminRoute& route : admin_routes()) {
    std::string path(route.path);
    if (const std::size_t name = path.find('*'); name != std::string::npos) path.replace(name, 1, "nobody");
    path += "?after=x";
    EXPECT_EQ(ask(std::string(route.method), path).action, route.action) << route.label;
    EXPECT_EQ(admin_label(route.action), route.label);
    const AdminTarget target = admin_target(route.method, path);
    EXPECT_EQ(target.after, "x");
    EXPECT_EQ(target.name, route.path.find('*') == std::string_view::npos ? "" : "nobody") << route.label;
  }
  EXPECT_EQ(ask("POST", "/users/alice/fly").action, AdminAction::kOther);
  EXPECT_EQ(ask("PUT", "/users").action, AdminAction::kOther);
}

TEST_F(AdminTest, SaysThatThereIsNoSuchUser) {
  for (const auto& [method, path] :
       {std::pair{"DELETE", "/users/bob"}, std::pair{"POST", "/users/bob/disable"},
        std::pair{"GET", "/tokens/bob"}, std::pair{"DELETE", "/tokens/bob"}}) {
    const AdminReply reply = ask(method, path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_EQ(reply.json, R"({"detail":"there is no user named 'bob'"})");
  }
  EXPECT_TRUE(sessions.asked.empty());
}

TEST_F(AdminTest, RenamesAUserAndEndsTheTokensAfterThat) {
  add("alice");
  add("bob");
  const std::int64_t number = user("alice")->password_number;
  EXPECT_EQ(ask("POST", "/users/alice/rename", R"({"name":"bob"})").status, 409);
  ASSERT_EQ(ask("POST", "/users/alice/rename", R"({"name":"alicia"})").status, 200);
  EXPECT_FALSE(user("alice").has_value());
  EXPECT_EQ(user("alicia")->password_number, number + 1) << "a login under the old name may go on";
  ASSERT_EQ(sessions.asked.size(), 1U);
  EXPECT_EQ(sessions.asked.front().user->name, "alicia");
}

TEST_F(AdminTest, TakesANameInAPathPercentEncoded) {
  add("a/b %41\xc3\xa4");
  EXPECT_EQ(ask("POST", "/users/a%2Fb%20%2541%C3%A4/disable").status, 200);
  EXPECT_FALSE(user("a/b %41\xc3\xa4")->active);
}

TEST_F(AdminTest, ListsUsersInPages) {
  for (std::size_t i = 0; i < kUsersPerPage; ++i) {
    User one;
    one.name = "user " + std::to_string(1000 + i);
    ASSERT_TRUE(rig.wait(directory.add(one)).has_value());
  }
  add("z");
  const AdminReply first = ask("GET", "/users");
  EXPECT_TRUE(first.json.ends_with(R"(,"next":"user 1499"})")) << first.json.substr(first.json.size() - 40);
  const AdminReply second = ask("GET", "/users?after=user%201499");
  EXPECT_TRUE(second.json.starts_with(R"({"users":[{"id":501,"name":"z")")) << second.json;
  EXPECT_TRUE(second.json.ends_with(R"(}],"next":null})"));
  EXPECT_EQ(first.json.find("argon2id"), std::string::npos);
}

TEST_F(AdminTest, SetsAPasswordFirstAndThenEndsTheTokens) {
  add("alice");
  const AdminReply reply = ask("POST", "/users/alice/password", R"({"password":"new pass"})");
  EXPECT_EQ(reply.json, R"({"user":"alice","ended_tokens":3})");
  ASSERT_EQ(sessions.asked.size(), 1U);
  EXPECT_EQ(sessions.asked[0].reason, store::Death::kDeleted);
  EXPECT_EQ(sessions.asked[0].user->password_number, 1);
  EXPECT_TRUE(logs_in("alice", "new pass"));
  EXPECT_FALSE(logs_in("alice", "my pass"));
}

TEST_F(AdminTest, DisablesFirstAndThenEndsTheTokensAndEnablesAgain) {
  add("alice");
  EXPECT_EQ(ask("POST", "/users/alice/disable").json, R"({"user":"alice","ended_tokens":3})");
  ASSERT_EQ(sessions.asked.size(), 1U);
  EXPECT_EQ(sessions.asked[0].reason, store::Death::kInactive);
  EXPECT_FALSE(sessions.asked[0].user->active);
  EXPECT_FALSE(logs_in("alice", "my pass"));

  EXPECT_EQ(ask("POST", "/users/alice/enable").status, 200);
  EXPECT_EQ(sessions.asked.size(), 1U);
  EXPECT_TRUE(logs_in("alice", "my pass"));
}

TEST_F(AdminTest, DeletesAUserWhoseTokensHaveEnded) {
  add("alice");
  EXPECT_EQ(ask("DELETE", "/users/alice").json, R"({"user":"alice","ended_tokens":3})");
  ASSERT_EQ(sessions.asked.size(), 1U);
  EXPECT_EQ(sessions.asked[0].reason, store::Death::kInactive);
  EXPECT_FALSE(sessions.asked[0].user->active);
  EXPECT_FALSE(user("alice").has_value());
}

TEST_F(AdminTest, KeepsAUserWhoseTokensCouldNotBeEndedSoThatItCanBeAskedAgain) {
  add("alice");
  sessions.error = Error{ErrorCode::kUnavailable, "disk full"};
  const AdminReply refused = ask("DELETE", "/users/alice");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.json.find("the user is disabled, but the tokens of 'alice' could not be ended"),
            std::string::npos)
      << refused.json;
  EXPECT_FALSE(user("alice")->active);
  sessions.error.reset();
  EXPECT_EQ(ask("DELETE", "/users/alice").status, 200);
  EXPECT_FALSE(user("alice").has_value());
}

TEST_F(AdminTest, EndsAUsersTokensAlone) {
  add("alice");
  EXPECT_EQ(ask("DELETE", "/tokens/alice").json, R"({"user":"alice","ended_tokens":3})");
  EXPECT_EQ(sessions.asked[0].reason, store::Death::kDeleted);
  EXPECT_TRUE(logs_in("alice", "my pass"));
}

TEST_F(AdminTest, ListsAUsersTokensWithoutThoseThatTimedOut) {
  add("alice");
  const std::int64_t id = user("alice")->id;
  const WallTime now = rig.clock.wall();
  login(id, 1, now - kTimeout - std::chrono::milliseconds(1));
  const store::RowId row = login(id, 2, now - kTimeout);
  EXPECT_EQ(ask("GET", "/tokens/alice").json,
            R"({"user":"alice","tokens":[{"row":)" + std::to_string(row) +
                R"(,"created":"2023-11-14T22:13:20.000Z","last_used":"2023-11-14T22:13:19.000Z",)"
                R"("expires":"2023-11-14T22:13:20.000Z","address":"192.0.2.1","agent":"agent \u001b)"
                "\xef\xbf\xbd\"}],\"complete\":true}");
}

TEST_F(AdminTest, UnlocksANameAndSaysWhatThatGivesAGuesser) {
  add("alice");
  EXPECT_EQ(ask(serving, "POST", "/users/alice/unlock").json,
            R"({"user":"alice","unlocked":true,"seconds":60,"guesses_by_address":2})");
  EXPECT_NE(throttle.unlocked().mark_of("alice", rig.clock.boot()), 0);
  EXPECT_TRUE(rig.log.has("admin.user_unlocked"));
  EXPECT_EQ(ask(serving, "POST", "/users/bob/unlock").status, 404);
  EXPECT_EQ(throttle.unlocked().mark_of("bob", rig.clock.boot()), 0);
  EXPECT_EQ(ask(serving, "GET", "/users/alice/unlock").status, 405);
}

TEST_F(AdminTest, UnlocksTheNameOfWhoGetsANewPassword) {
  add("alice");
  EXPECT_EQ(ask(serving, "POST", "/users/alice/password", R"({"password":"new"})").json,
            R"({"user":"alice","ended_tokens":3,"unlocked":true,"seconds":60,"guesses_by_address":2})");
  EXPECT_NE(throttle.unlocked().mark_of("alice", rig.clock.boot()), 0);
}

TEST_F(AdminTest, SaysThatThereIsNothingToUnlockWhereNobodyIsThrottled) {
  add("alice");
  const AdminReply offline = ask("POST", "/users/alice/unlock");
  EXPECT_EQ(offline.status, 200);
  EXPECT_NE(offline.json.find(R"("unlocked":false,"detail":"no server runs here)"), std::string::npos)
      << offline.json;
  credential::Throttle off{{.failures_by_user = 0, .failures_by_address = 5, .window_ms = 60'000}, random};
  Admin lax{{directory, hasher, sqlite_store, sessions, rig.clock, rig.log, kTimeout, &off}};
  EXPECT_NE(ask(lax, "POST", "/users/alice/unlock").json.find("login_failures_by_user is 0"),
            std::string::npos);
}

TEST_F(AdminTest, SaysThatThereIsNoRoomForOneMoreNameAndSetsThePasswordAllTheSame) {
  add("alice");
  constexpr std::size_t kMoreThanThereIsRoomFor = std::size_t{1} << 17;
  for (std::size_t i = 0; i < kMoreThanThereIsRoomFor; ++i)
    static_cast<void>(throttle.unlock(std::to_string(i), rig.clock.boot()));
  const AdminReply refused = ask(serving, "POST", "/users/alice/unlock");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.json.find("try again in 60 seconds"), std::string::npos) << refused.json;
  const AdminReply set = ask(serving, "POST", "/users/alice/password", R"({"password":"new"})");
  EXPECT_EQ(set.status, 200);
  EXPECT_NE(set.json.find(R"("unlocked":false)"), std::string::npos) << set.json;
  EXPECT_TRUE(logs_in("alice", "new"));
}

TEST_F(AdminTest, LogsWhatItDidWithoutThePassword) {
  add("alice", "hunter2");
  ask("POST", "/users/alice/password", R"({"password":"hunter3"})");
  EXPECT_TRUE(rig.log.has("admin.user_added"));
  EXPECT_TRUE(rig.log.has("admin.password_set"));
  for (const std::string& line : rig.log.lines) EXPECT_EQ(line.find("hunter"), std::string::npos) << line;
}

TEST_F(AdminTest, GivesNoAccessThatTheLogHasNoRoomToTellOf) {
  add("alice");
  rig.log.has_room = false;
  EXPECT_EQ(ask("POST", "/users", R"({"name":"bob","password":"my pass"})").status, 503);
  EXPECT_FALSE(user("bob"));
  EXPECT_EQ(ask("POST", "/users/alice/password", R"({"password":"another"})").status, 503);
  EXPECT_TRUE(logs_in("alice", "my pass"));
  EXPECT_EQ(ask("POST", "/users/alice/enable").status, 503);
}

TEST_F(AdminTest, TakesAccessAwayWhetherTheLogHasRoomOrNot) {
  add("alice");
  rig.log.has_room = false;
  EXPECT_EQ(ask("DELETE", "/tokens/alice").status, 200);
  EXPECT_EQ(ask("POST", "/users/alice/disable").status, 200);
  EXPECT_FALSE(logs_in("alice", "my pass"));
  EXPECT_EQ(ask("DELETE", "/users/alice").status, 200);
  EXPECT_FALSE(user("alice"));
}

TEST_F(AdminTest, PutsUsersIntoGroupsAndTakesThemOutAndTellsTheTokens) {
  add("alice");
  const AdminReply added = ask("POST", "/users/alice/groups", R"({"add":["staff","admins"]})");
  EXPECT_EQ(added.status, 200) << added.json;
  EXPECT_TRUE(added.json.ends_with(R"("groups":["admins","staff"]})")) << added.json;
  const AdminReply removed = ask("POST", "/users/alice/groups", R"({"remove":["admins"]})");
  EXPECT_TRUE(removed.json.ends_with(R"("groups":["staff"]})")) << removed.json;
  ASSERT_EQ(sessions.profiles.size(), 2U);
  EXPECT_EQ(sessions.profiles[0].second.groups, (std::vector<std::string>{"admins", "staff"}));
  EXPECT_EQ(sessions.profiles[1].second.groups, std::vector<std::string>{"staff"});
  EXPECT_GT(sessions.profiles[1].second.number, sessions.profiles[0].second.number);
  EXPECT_EQ(sessions.profiles[1].first, user("alice")->id);
  EXPECT_TRUE(rig.log.has("admin.groups_changed"));
}

TEST_F(AdminTest, LogsWhichGroupsAreGivenAndTakenAndWhichThereAreThen) {
  ASSERT_EQ(ask("POST", "/users", R"({"name":"alice","password":"my pass","groups":["staff"]})").status, 201);
  EXPECT_TRUE(rig.log.lines.back().ends_with("event=admin.user_added log=audit user=alice groups=staff"))
      << rig.log.lines.back();
  ASSERT_EQ(ask("POST", "/users/alice/groups", R"({"add":["ops","admins"],"remove":["staff"]})").status, 200);
  EXPECT_TRUE(rig.log.lines.back().ends_with(
      "event=admin.groups_changed log=audit user=alice added=ops,admins removed=staff groups=admins,ops"))
      << rig.log.lines.back();
}

TEST_F(AdminTest, SetsTheDetailsThatAreGivenAndTellsTheTokens) {
  add("alice");
  EXPECT_EQ(ask("POST", "/users/alice/details", R"({"first_name":"Al","email":"al@example.org"})").status,
            200);
  EXPECT_EQ(ask("POST", "/users/alice/details", R"({"last_name":"Ice","email":""})").status, 200);
  EXPECT_EQ(user("alice")->first_name, "Al");
  EXPECT_EQ(user("alice")->last_name, "Ice");
  EXPECT_EQ(user("alice")->email, "");
  ASSERT_EQ(sessions.profiles.size(), 2U);
  EXPECT_EQ(sessions.profiles[1].second.first_name, "Al");
  EXPECT_EQ(sessions.profiles[1].second.last_name, "Ice");
  EXPECT_TRUE(rig.log.has("admin.details_changed"));
}

TEST_F(AdminTest, RefusesGroupsAndDetailsThatAreNoneAndTellsNobody) {
  add("alice");
  const std::pair<const char*, const char*> wrong[] = {
      {R"({})", "no group is given"},
      {R"({"add":[]})", "no group is given"},
      {R"({"add":"staff"})", "'add' that is no list of texts"},
      {R"({"add":["staff",7]})", "'add' that is no list of texts"},
      {R"({"add":["a,b"]})", "has a comma"},
      {R"({"add":[" a"]})", "white space"},
      {R"({"add":["good",""]})", "is empty"}};
  for (const auto& [body, problem] : wrong) {
    const AdminReply reply = ask("POST", "/users/alice/groups", body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_NE(reply.json.find(problem), std::string::npos) << reply.json;
  }
  EXPECT_EQ(ask("POST", "/users/alice/details", "{}").status, 400);
  EXPECT_EQ(ask("POST", "/users/alice/details", R"({"email":"a\u0007"})").status, 400);
  EXPECT_EQ(ask("POST", "/users/bob/groups", R"({"add":["staff"]})").status, 404);
  EXPECT_EQ(ask("GET", "/users/alice/groups").status, 405);
  EXPECT_EQ(ask("POST", "/users", R"({"name":"carl","password":"my pass","groups":["a,b"]})").status, 400);
  EXPECT_TRUE(sessions.profiles.empty());
  EXPECT_TRUE(user("alice")->groups.empty());
}

TEST_F(AdminTest, SaysThatTheTokensWereNotToldAndTellsThemWhenAskedAgain) {
  add("alice");
  sessions.error = Error{ErrorCode::kOverloaded, "the way to another thread is full"};
  const AdminReply failed = ask("POST", "/users/alice/groups", R"({"add":["staff"]})");
  EXPECT_EQ(failed.status, 503);
  EXPECT_NE(failed.json.find("the groups are changed, but"), std::string::npos) << failed.json;
  EXPECT_NE(failed.json.find("try the same again"), std::string::npos) << failed.json;
  sessions.error.reset();
  EXPECT_EQ(ask("POST", "/users/alice/groups", R"({"add":["staff"]})").status, 200);
  ASSERT_EQ(sessions.profiles.size(), 1U);
  EXPECT_EQ(sessions.profiles[0].second.groups, std::vector<std::string>{"staff"});
}

TEST_F(AdminTest, PutsNobodyIntoAGroupThatTheLogHasNoRoomToTellOfAndTakesThemOutAllTheSame) {
  add("alice");
  ASSERT_EQ(ask("POST", "/users/alice/groups", R"({"add":["staff"]})").status, 200);
  rig.log.has_room = false;
  EXPECT_EQ(ask("POST", "/users/alice/groups", R"({"add":["admins"]})").status, 503);
  EXPECT_EQ(ask("POST", "/users/alice/groups", R"({"add":["admins"],"remove":["staff"]})").status, 503);
  EXPECT_EQ(ask("POST", "/users/alice/details", R"({"email":"al@example.org"})").status, 503);
  EXPECT_EQ(user("alice")->groups, std::vector<std::string>{"staff"});
  EXPECT_EQ(user("alice")->email, "");
  EXPECT_EQ(ask("POST", "/users/alice/groups", R"({"remove":["staff"]})").status, 200);
  EXPECT_TRUE(user("alice")->groups.empty());
  EXPECT_TRUE(sessions.profiles.back().second.groups.empty());
}

}  // namespace
}  // namespace latchkey::api
