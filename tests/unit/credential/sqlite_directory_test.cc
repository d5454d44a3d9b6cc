#include "latchkey/credential/sqlite_directory.h"

#include <gtest/gtest.h>

#include "latchkey/credential/user_table.h"
#include "support/store_rig.h"
#include "support/temporary_directory.h"

namespace latchkey::credential {
namespace {

User named(std::string name) {
  User user;
  user.name = std::move(name);
  user.password_hash = "hash 1";
  user.superuser = true;
  user.first_name = "Al";
  user.last_name = "Ice";
  user.email = "al@example.org";
  user.created = {1'700'000'000'000};
  return user;
}

class SqliteDirectoryTest : public ::testing::Test {
 protected:
  User added(std::string name) { return rig.wait(directory.add(named(std::move(name)))).value(); }

  test::TemporaryDirectory scratch;
  test::StoreRig rig{test::must_open(scratch / "a.db")};
  SqliteDirectory directory{rig.port(), rig.store};
};

TEST_F(SqliteDirectoryTest, FindsAUserByExactNameAndByIdWithAllThatWasSaid) {
  const User alice = added("alice");
  added("Alice");
  const User got = rig.wait(directory.find("alice")).value().value();
  EXPECT_EQ(got.id, alice.id);
  EXPECT_EQ(got.name, "alice");
  EXPECT_EQ(got.password_hash, "hash 1");
  EXPECT_TRUE(got.active);
  EXPECT_TRUE(got.superuser);
  EXPECT_EQ(got.first_name, "Al");
  EXPECT_EQ(got.last_name, "Ice");
  EXPECT_EQ(got.email, "al@example.org");
  EXPECT_EQ(got.created.ms, 1'700'000'000'000);
  EXPECT_EQ(rig.wait(directory.find_by_id(alice.id)).value()->name, "alice");
  EXPECT_FALSE(rig.wait(directory.find("alic")).value().has_value());
  EXPECT_FALSE(rig.wait(directory.find_by_id(99)).value().has_value());
}

TEST_F(SqliteDirectoryTest, RefusesANameThatIsTakenAndSaysSo) {
  added("alice");
  const Result<User> refused = rig.wait(directory.add(named("alice")));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(refused.error().text, "there is a user named 'alice' already");
}

TEST_F(SqliteDirectoryTest, RefusesANameOrADetailAgainstTheRules) {
  EXPECT_EQ(rig.wait(directory.add(named(" alice"))).error().code, ErrorCode::kInvalid);
  User bad_mail = named("alice");
  bad_mail.email = "a\nb";
  EXPECT_EQ(rig.wait(directory.add(bad_mail)).error().text, "the email address has a control character");
}

TEST_F(SqliteDirectoryTest, ReplacesAHashOnlyWhereItIsStillTheExpectedOne) {
  const std::int64_t id = added("alice").id;
  EXPECT_TRUE(rig.wait(directory.replace_hash(id, "hash 1", "hash 2")).value());
  EXPECT_FALSE(rig.wait(directory.replace_hash(id, "hash 1", "hash 3")).value());
  EXPECT_EQ(rig.wait(directory.find_by_id(id)).value()->password_hash, "hash 2");
}

TEST_F(SqliteDirectoryTest, CountsPasswordsThatAreSetButNotRehashes) {
  const std::int64_t id = added("alice").id;
  ASSERT_TRUE(rig.wait(directory.replace_hash(id, "hash 1", "hash 2")).value());
  EXPECT_EQ(rig.wait(directory.find_by_id(id)).value()->password_number, 0);
  ASSERT_TRUE(rig.wait(directory.set_password_hash(id, "hash 3")).value());
  EXPECT_EQ(rig.wait(directory.find_by_id(id)).value()->password_number, 1);
}

TEST_F(SqliteDirectoryTest, ADisablingEndsWhatWasLearntByThePasswordsNumber) {
  const std::int64_t id = added("alice").id;
  ASSERT_TRUE(rig.wait(directory.set_active(id, false)).value());
  ASSERT_TRUE(rig.wait(directory.set_active(id, true)).value());
  EXPECT_EQ(rig.wait(directory.find_by_id(id)).value()->password_number, 1);
  EXPECT_FALSE(rig.wait(still_holds(directory, id, 0)).value()) << "a login that was under way";
  EXPECT_FALSE(rig.wait(directory.change_password_hash(id, 0, "x")).value());
}

TEST_F(SqliteDirectoryTest, ChangesAUserAndSaysWhereThereIsNone) {
  const std::int64_t id = added("alice").id;
  EXPECT_TRUE(rig.wait(directory.set_active(id, false)).value());
  EXPECT_FALSE(rig.wait(directory.find_by_id(id)).value()->active);
  EXPECT_TRUE(rig.wait(directory.remove(id)).value());
  EXPECT_FALSE(rig.wait(directory.remove(id)).value());
  EXPECT_FALSE(rig.wait(directory.set_active(id, true)).value());
  EXPECT_FALSE(rig.wait(directory.set_password_hash(id, "x")).value());
}

TEST_F(SqliteDirectoryTest, NeverGivesARemovedUsersIdToAnother) {
  const std::int64_t id = added("alice").id;
  ASSERT_TRUE(rig.wait(directory.remove(id)).value());
  EXPECT_GT(added("alice").id, id);
}

TEST_F(SqliteDirectoryTest, ListsUsersInPagesByName) {
  for (const char* const name : {"d", "b", "a", "c"}) added(name);
  std::string seen;
  for (std::string after;;) {
    const std::vector<User> page = rig.wait(directory.list(after, 3)).value();
    if (page.empty()) break;
    for (const User& user : page) seen += user.name;
    after = page.back().name;
  }
  EXPECT_EQ(seen, "abcd");
}

using Groups = std::vector<std::string>;

TEST_F(SqliteDirectoryTest, KeepsGroupsSortedAndEachOnce) {
  User user = named("alice");
  user.groups = {"staff", "admins", "staff"};
  const User alice = rig.wait(directory.add(user)).value();
  EXPECT_EQ(alice.groups, (Groups{"admins", "staff"}));
  EXPECT_EQ(rig.wait(directory.find("alice")).value()->groups, (Groups{"admins", "staff"}));
  const User more =
      rig.wait(directory.change_groups(alice.id, {.add = {"ops", "admins"}, .remove = {}})).value();
  EXPECT_EQ(more.groups, (Groups{"admins", "ops", "staff"}));
  const User fewer =
      rig.wait(directory.change_groups(alice.id, {.add = {}, .remove = {"staff", "ops", "none"}})).value();
  EXPECT_EQ(fewer.groups, Groups{"admins"});
  EXPECT_EQ(rig.wait(directory.find_by_id(alice.id)).value()->groups, Groups{"admins"});
  EXPECT_TRUE(
      rig.wait(directory.change_groups(alice.id, {.add = {}, .remove = {"admins"}})).value().groups.empty());
}

TEST_F(SqliteDirectoryTest, NumbersEveryChangeOfAProfileAndNothingElse) {
  User plain;
  plain.name = "bob";
  plain.password_hash = "hash";
  const std::int64_t bob = rig.wait(directory.add(plain)).value().id;
  const auto number = [&] { return rig.wait(directory.find_by_id(bob)).value()->profile_number; };
  EXPECT_EQ(number(), 0);
  EXPECT_EQ(added("alice").profile_number, 1) << "who has details";
  EXPECT_EQ(rig.wait(directory.change_groups(bob, {.add = {"staff"}, .remove = {}})).value().profile_number,
            1);
  EXPECT_EQ(rig.wait(directory.change_groups(bob, {.add = {"staff"}, .remove = {}})).value().profile_number,
            1);
  EXPECT_EQ(rig.wait(directory.change_groups(bob, {.add = {}, .remove = {"staff"}})).value().profile_number,
            2);
  EXPECT_EQ(rig.wait(directory.change_groups(bob, {.add = {}, .remove = {"staff"}})).value().profile_number,
            2);
  rig.wait(directory.set_password_hash(bob, "new"));
  EXPECT_EQ(number(), 2);
  EXPECT_EQ(rig.wait(directory.change_details(bob, {.email = "b@example.org"})).value().profile_number, 3);
  EXPECT_EQ(rig.wait(directory.change_details(bob, {.email = "b@example.org"})).value().profile_number, 3);
  EXPECT_EQ(number(), 3);
}

TEST_F(SqliteDirectoryTest, ChangesTheDetailsThatAreGivenAndNoOther) {
  const User alice = added("alice");
  const User changed =
      rig.wait(directory.change_details(alice.id, {.first_name = "Alicia", .email = ""})).value();
  EXPECT_EQ(changed.first_name, "Alicia");
  EXPECT_EQ(changed.last_name, "Ice");
  EXPECT_EQ(changed.email, "");
  const User kept = rig.wait(directory.find_by_id(alice.id)).value().value();
  EXPECT_EQ(kept.first_name, "Alicia");
  EXPECT_EQ(kept.last_name, "Ice");
  EXPECT_EQ(kept.email, "");
}

TEST_F(SqliteDirectoryTest, RefusesGroupsAndDetailsAgainstTheRulesAndChangesNothing) {
  const User alice = added("alice");
  EXPECT_EQ(rig.wait(directory.change_groups(alice.id, {.add = {"good", "a,b"}, .remove = {}})).error().code,
            ErrorCode::kInvalid);
  EXPECT_EQ(rig.wait(directory.change_details(alice.id, {.email = "a\n"})).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(rig.wait(directory.change_groups(99, {.add = {"good"}, .remove = {}})).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(rig.wait(directory.change_details(99, {.email = ""})).error().code, ErrorCode::kNotFound);
  const User kept = rig.wait(directory.find_by_id(alice.id)).value().value();
  EXPECT_TRUE(kept.groups.empty());
  EXPECT_EQ(kept.email, "al@example.org");
  EXPECT_EQ(kept.profile_number, alice.profile_number);
}

}  // namespace
}  // namespace latchkey::credential
