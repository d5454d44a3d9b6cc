#include "latchkey/credential/authenticator.h"

#include <gtest/gtest.h>

#include "latchkey/credential/sqlite_directory.h"
#include "latchkey/credential/user_table.h"
#include "support/base_doubles.h"
#include "support/credential_doubles.h"
#include "support/hash_rig.h"
#include "support/keep.h"
#include "support/runtime_doubles.h"

namespace latchkey::credential {
namespace {

using test::kCheapHash;
using test::must_make_pool;

constexpr std::int64_t kGrainMs = RefusalStep::kGrainMs;

class AuthenticatorTest : public ::testing::Test {
 protected:
  AuthenticatorTest() {
    for (runtime::PortId id = 0; id < mailbox.size(); ++id) mailbox.port(id).set_doorbell(&doorbell);
    User alice;
    alice.id = 7;
    alice.name = "alice";
    alice.password_hash = *make_hash("my pass", kCheapHash);
    directory.user = alice;
  }

  Result<std::optional<User>> authenticate(std::string name, std::string_view password) {
    return wait(authenticator.authenticate(std::move(name), SecretText(password)));
  }
  template <class T>
  T wait(runtime::Task<T> task) {
    std::optional<T> out;
    nursery.spawn(test::keep(std::move(task), out));
    while (mailbox.port(1).drain() + mailbox.port(0).drain() > 0) continue;
    LATCHKEY_ASSERT(out.has_value());
    return std::move(*out);
  }
  std::uint64_t hashes() const { return hasher.metrics().hashes.load(); }

  test::SilentDoorbell doorbell;
  runtime::Mailbox mailbox{2, 8};
  ManualClock pool_clock;
  std::unique_ptr<HashPool> pool = must_make_pool({1}, kCheapHash, pool_clock);
  HashClient hasher{mailbox.port(0), *pool, 0};
  test::OneUser directory;
  test::KeptLog log;
  Authenticator authenticator{directory, hasher, log};
  runtime::Nursery nursery;
};

TEST_F(AuthenticatorTest, GivesTheUserForTheRightPassword) {
  const auto user = authenticate("alice", "my pass");
  ASSERT_TRUE(user.has_value() && user->has_value());
  EXPECT_EQ((*user)->id, 7);
  EXPECT_EQ(hashes(), 1U);
}

TEST_F(AuthenticatorTest, TakesThePasswordToTheByte) {
  EXPECT_FALSE(authenticate("alice", " my pass")->has_value());
  EXPECT_FALSE(authenticate("alice", "my pass ")->has_value());
}

// C-14: the verification takes the time, so each refusal does exactly one, with the same parameters.
TEST_F(AuthenticatorTest, RefusesAWrongPasswordAnUnknownUserAndAnInactiveOneAfterOneVerificationEach) {
  EXPECT_FALSE(authenticate("alice", "your pass")->has_value());
  EXPECT_EQ(hashes(), 1U);
  EXPECT_FALSE(authenticate("bob", "my pass")->has_value());
  EXPECT_EQ(hashes(), 2U);
  directory.user->active = false;
  EXPECT_FALSE(authenticate("alice", "my pass")->has_value());
  EXPECT_EQ(hashes(), 3U);
  const std::string parameters =
      directory.user->password_hash.substr(0, directory.user->password_hash.find("p=1$"));
  EXPECT_TRUE(pool->dummy_hash().starts_with(parameters)) << parameters;
}

TEST_F(AuthenticatorTest, VerifiesAnUnknownUserAgainstTheDummyHashExactlyOnce) {
  // The dummy can be verified, and costs as much as a user's own hash.
  ASSERT_TRUE(check_stored_hash(pool->dummy_hash()).has_value());
  ASSERT_FALSE(needs_rehash(pool->dummy_hash(), kCheapHash));
  const auto refused = authenticate("nobody", "my pass");
  ASSERT_TRUE(refused.has_value());
  EXPECT_FALSE(refused->has_value());
  EXPECT_EQ(directory.asked, 1);
  EXPECT_EQ(hashes(), 1U);
}

// crypt_blowfish 1.3, wrapper.c.
TEST_F(AuthenticatorTest, HashesNothingAnewThatTheOldHashHasNotSeenWholeAndSaysSoOnceInAWhile) {
  const std::string seen = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const std::string stored = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
  directory.user->password_hash = stored;
  for (const std::string& typed : {seen + "a wrong end", seen, seen + "chars after 72 are ignored"}) {
    EXPECT_TRUE(authenticate("alice", typed)->has_value()) << typed;
    EXPECT_EQ(directory.user->password_hash, stored) << typed;
  }
  EXPECT_EQ(log.lines.size(), 1U);
  EXPECT_TRUE(log.has("login.not_rehashed"));
  EXPECT_EQ(log.lines.front().find(seen.substr(0, 8)), std::string::npos) << log.lines.front();
  pool_clock.advance_ms(Authenticator::kKeptLogPause.count());
  EXPECT_TRUE(authenticate("alice", seen)->has_value());
  ASSERT_EQ(log.lines.size(), 2U);
  EXPECT_NE(log.lines.back().find("more=2"), std::string::npos) << log.lines.back();
}

TEST_F(AuthenticatorTest, RefusesWhatNoLoginMayHaveAfterOneVerification) {
  // The hash of the empty password: crypt_blowfish 1.3, wrapper.c.
  directory.user->password_hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy";
  ASSERT_TRUE(*verify_password("", directory.user->password_hash));
  EXPECT_FALSE(authenticate("alice", "")->has_value());
  EXPECT_EQ(hashes(), 1U);
  // The hash of "a\0b". bcrypt_sha256 sees a NUL, unlike the others.
  directory.user->password_hash =
      "bcrypt_sha256$$2b$05$CCCCCCCCCCCCCCCCCCCCC.bsYyXnsTsoeRrgosQ5oupvsApVCBDty";
  ASSERT_TRUE(*verify_password(std::string_view("a\0b", 3), directory.user->password_hash));
  EXPECT_FALSE(authenticate("alice", std::string_view("a\0b", 3))->has_value());
  EXPECT_EQ(hashes(), 2U);
}

TEST_F(AuthenticatorTest, UsesANameThatCannotBeCreatedLikeOneThatDoesNotExist) {
  directory.user->name = "al\nice";
  EXPECT_FALSE(authenticate("al\nice", "my pass")->has_value());
  EXPECT_EQ(hashes(), 1U);
}

TEST_F(AuthenticatorTest, RefusesAfterOneVerificationWhereTheStoredHashCannotBeReadAndLogsIt) {
  directory.user->password_hash = "pbkdf2_sha1$1$salt$secrethash";
  EXPECT_FALSE(authenticate("alice", "my pass")->has_value());
  EXPECT_EQ(hashes(), 1U);
  EXPECT_TRUE(log.has("login.unreadable_hash"));
  for (const std::string& line : log.lines) EXPECT_EQ(line.find("secrethash"), std::string::npos) << line;
}

TEST_F(AuthenticatorTest, NeverHashesATooLongPassword) {
  const auto refused = authenticate("alice", std::string(kMaxPasswordBytes + 1, 'a'));
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(hashes(), 0U);
  EXPECT_EQ(directory.asked, 0);
}

TEST_F(AuthenticatorTest, PassesOnThatTheDirectoryIsUnavailable) {
  directory.error = Error{ErrorCode::kUnavailable, "disk"};
  EXPECT_EQ(authenticate("alice", "my pass").error().code, ErrorCode::kUnavailable);
}

TEST_F(AuthenticatorTest, PassesOnThatTheQueueIsFull) {
  std::vector<std::optional<Result<std::optional<User>>>> outcomes(HashClient::kMaxAtWorker + 1);
  auto keep = [](Authenticator& from, std::optional<Result<std::optional<User>>>& to) -> runtime::Task<void> {
    auto task = from.authenticate("alice", SecretText("my pass"));
    to.emplace(co_await task);
  };
  for (auto& outcome : outcomes) nursery.spawn(keep(authenticator, outcome));
  ASSERT_TRUE(outcomes.back().has_value());
  EXPECT_EQ(outcomes.back()->error().code, ErrorCode::kOverloaded);
  while (mailbox.port(1).drain() + mailbox.port(0).drain() > 0) continue;
  EXPECT_TRUE(outcomes.front()->value().has_value());
}

TEST_F(AuthenticatorTest, ReplacesAHashOfOtherSettingsAfterASuccessAlone) {
  const std::string old_hash = *make_hash("my pass", {.memory_bytes = kMinHashMemoryBytes, .passes = 2});
  directory.user->password_hash = old_hash;
  EXPECT_FALSE(authenticate("alice", "your pass")->has_value());
  EXPECT_EQ(directory.user->password_hash, old_hash);

  const auto user = authenticate("alice", "my pass");
  ASSERT_TRUE(user->has_value());
  EXPECT_FALSE(needs_rehash(directory.user->password_hash, kCheapHash));
  EXPECT_EQ((*user)->password_hash, directory.user->password_hash);
  EXPECT_TRUE(authenticate("alice", "my pass")->has_value());
}

TEST_F(AuthenticatorTest, LogsInAllTheSameWhereTheNewHashCannotBeStored) {
  directory.user->password_hash = *make_hash("my pass", {.memory_bytes = kMinHashMemoryBytes, .passes = 2});
  directory.refuse_replacing = true;
  EXPECT_TRUE(authenticate("alice", "my pass")->has_value());
}

TEST_F(AuthenticatorTest, AnswersARefusalAtTheEndOfItsStepOfTime) {
  const std::int64_t step_ms = pool->refusal_step().ms();
  const auto answered_ms = [this](std::int64_t now_ms) {
    return authenticator.failure_answer_time({1000}, {1000}, {now_ms}).ms;
  };
  EXPECT_EQ(answered_ms(1000), 1000 + kGrainMs + step_ms);
  EXPECT_EQ(answered_ms(1001), 1000 + kGrainMs + step_ms);
  EXPECT_EQ(answered_ms(1000 + step_ms), 1000 + kGrainMs + step_ms);
  EXPECT_EQ(answered_ms(1001 + step_ms), 1000 + kGrainMs + 2 * step_ms);
}

TEST_F(AuthenticatorTest, AnswersARefusalLaterOnceThereIsADearerHash) {
  pool->refusal_step().cover(300);
  EXPECT_EQ(authenticator.failure_answer_time({1000}, {1000}, {1001}).ms, 1000 + kGrainMs + 600);
  EXPECT_EQ(authenticator.failure_answer_time({1000}, {1000}, {1700}).ms, 1000 + kGrainMs + 1200);
}

// C-14: the step in which a verification ends must not depend on how long it waited. Otherwise a late worker
// would tell a short verification from a long one.
TEST_F(AuthenticatorTest, AVerificationThatWaitedIsAnsweredWithoutATellOfHowLongItTook) {
  pool->refusal_step().cover(300);
  for (const std::int64_t waited_ms : {1, 595, 1799}) {
    const BootTime verification_began{1000 + waited_ms};
    const auto answered_ms = [&](std::int64_t took_ms) {
      return authenticator.failure_answer_time({1000}, verification_began, {verification_began.ms + took_ms})
          .ms;
    };
    EXPECT_EQ(answered_ms(0), answered_ms(300)) << waited_ms;
    EXPECT_GE(answered_ms(300), verification_began.ms + 600) << waited_ms;
    EXPECT_LT(answered_ms(300), verification_began.ms + 600 + kGrainMs) << waited_ms;
  }
}

TEST_F(AuthenticatorTest, SaysWhenAWorkerTookUpTheVerification) {
  ManualClock clock;
  const std::unique_ptr<HashPool> timed_pool = must_make_pool({1}, kCheapHash, clock);
  HashClient timed_hasher(mailbox.port(0), *timed_pool, 0);
  Authenticator timed(directory, timed_hasher, log);
  clock.advance_ms(1234);
  for (const char* const name : {"alice", "nobody"}) {
    BootTime verification_began{};
    EXPECT_FALSE(wait(timed.authenticate(name, SecretText("wrong"), &verification_began))->has_value());
    EXPECT_EQ(verification_began.ms, clock.boot().ms) << name;
  }
}

TEST_F(AuthenticatorTest, ReplacesAHashOfAnotherSchemeAfterASuccessAlone) {
  const std::string bcrypt = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  directory.user->password_hash = bcrypt;
  EXPECT_FALSE(authenticate("alice", "my pass")->has_value());
  EXPECT_EQ(hashes(), 1U);
  EXPECT_EQ(directory.user->password_hash, bcrypt);
  EXPECT_TRUE(authenticate("alice", "U*U")->has_value());
  EXPECT_FALSE(needs_rehash(directory.user->password_hash, kCheapHash));
  EXPECT_TRUE(authenticate("alice", "U*U")->has_value());
}

TEST_F(AuthenticatorTest, APasswordHoldsOnlyWhileTheUserIsActiveWithTheSamePassword) {
  EXPECT_TRUE(*wait(still_holds(directory, 7, 0)));
  directory.user->password_hash = "another hash of it";
  EXPECT_TRUE(*wait(still_holds(directory, 7, 0)));
  directory.user->password_number = 1;
  EXPECT_FALSE(*wait(still_holds(directory, 7, 0)));
  EXPECT_TRUE(*wait(still_holds(directory, 7, 1)));
  directory.user->active = false;
  EXPECT_FALSE(*wait(still_holds(directory, 7, 1)));
  directory.user.reset();
  EXPECT_FALSE(*wait(still_holds(directory, 7, 1)));
}

}  // namespace
}  // namespace latchkey::credential
