#include "latchkey/api/password_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core_rig.h"
#include "latchkey/base/rated_log.h"
#include "support/keep.h"

namespace latchkey::api {
namespace {

using credential::KnownAddressHash;
using credential::User;

constexpr std::int64_t kWindowMs = 3'600'000;

class KnownInMemory final : public credential::KnownAddresses {
 public:
  runtime::Task<Result<bool>> knows(KnownAddressHash hash, std::string, WallTime) override {
    ++asked;
    if (error) co_return tl::unexpected(*error);
    co_return hashes.contains(hash);
  }
  runtime::Task<Result<void>> remember(KnownAddressHash hash, credential::KnownUser user, WallTime) override {
    if (error) co_return tl::unexpected(*error);
    hashes.insert(hash);
    last = user;
    co_return Result<void>();
  }

  std::set<KnownAddressHash> hashes;
  credential::KnownUser last;
  std::optional<Error> error;
  int asked = 0;
};

class PasswordCheckTest : public CoreTest {
 protected:
  PasswordCheckTest() : CoreTest(1) {
    std::fill(key_file_.root.bytes().begin(), key_file_.root.bytes().end(), std::uint8_t{0x5A});
    keyring_.emplace(key_file_);
    set_password("my pass");
    meter(3, 5);
  }

  void meter(std::size_t by_user, std::size_t by_address) {
    check_.reset();
    throttle_.emplace(credential::ThrottleSettings{by_user, by_address, kWindowMs}, random_);
    check_.emplace(
        PasswordCheckParts{loop_, rated_log_, *throttle_, known_addresses_, authenticator_, *keyring_});
  }

  void start(const std::string& name, std::string_view password, const net::IpAddress& address,
             std::optional<PasswordVerdict>& out) {
    loop_.nursery().spawn(test::keep(check_->check(name, SecretText(password), address), out));
  }
  PasswordVerdict try_password(std::string_view password, const net::IpAddress& address,
                               const std::string& name = "alice") {
    std::optional<PasswordVerdict> out;
    start(name, password, address, out);
    finish([&out] { return out.has_value(); });
    LATCHKEY_ASSERT(out.has_value());
    return std::move(*out);
  }

  bool is_right(std::string_view password, const net::IpAddress& address) {
    return std::holds_alternative<User>(try_password(password, address));
  }
  bool is_wrong(std::string_view password, const net::IpAddress& address) {
    return std::holds_alternative<WrongPassword>(try_password(password, address));
  }
  bool is_throttled(std::string_view password, const net::IpAddress& address) {
    return std::holds_alternative<Throttled>(try_password(password, address));
  }

  const net::IpAddress home_ = net::IpAddress::from_v4(192, 0, 2, 1);
  const net::IpAddress away_ = net::IpAddress::from_v4(198, 51, 100, 1);

  KnownInMemory known_addresses_;
  token::KeyFile key_file_;
  std::optional<token::Keyring> keyring_;
  std::optional<credential::Throttle> throttle_;
  RatedLog rated_log_{log_, clock_};
  std::optional<PasswordCheck> check_;
};

TEST_F(PasswordCheckTest, GivesTheUserOfARightPasswordAndRemembersTheAddress) {
  const PasswordVerdict verdict = try_password("my pass", home_);
  ASSERT_TRUE(std::holds_alternative<User>(verdict));
  EXPECT_EQ(std::get<User>(verdict).id, 7);
  EXPECT_EQ(known_addresses_.hashes.size(), 1U);
  EXPECT_EQ(known_addresses_.last.id, 7);
  EXPECT_EQ(known_addresses_.last.password_number, 1);
  EXPECT_EQ(known_addresses_.asked, 0);
}

TEST_F(PasswordCheckTest, SaysThatAPasswordIsWrongAtTheEndOfAStepOfTimeAlone) {
  std::optional<PasswordVerdict> verdict;
  const BootTime began = clock_.boot();
  start("alice", "your pass", home_, verdict);
  turn();
  loop_.pass();
  EXPECT_FALSE(verdict.has_value());
  for (int i = 0; i < 100'000 && !verdict; ++i) {
    clock_.advance_ms(1);
    loop_.pass();
  }
  ASSERT_TRUE(verdict.has_value());
  EXPECT_TRUE(std::holds_alternative<WrongPassword>(*verdict));
  EXPECT_GE(clock_.boot().ms, authenticator_.failure_answer_time(began, began, began).ms);
  EXPECT_TRUE(known_addresses_.hashes.empty());
}

TEST_F(PasswordCheckTest, ThrottlesByUserWhereverTheGuessesComeFrom) {
  EXPECT_TRUE(is_wrong("1", home_) && is_wrong("2", away_) && is_wrong("3", away_));
  const PasswordVerdict verdict = try_password("my pass", home_);
  ASSERT_TRUE(std::holds_alternative<Throttled>(verdict));
  EXPECT_GT(std::get<Throttled>(verdict).seconds, 0);
  EXPECT_LE(std::get<Throttled>(verdict).seconds, kWindowMs / 3000);
  EXPECT_EQ(throttle_->metrics().by_user.load(), 1U);
  EXPECT_EQ(throttle_->metrics().by_address.load(), 0U);
  EXPECT_EQ(hasher_.metrics().hashes.load(), 3U) << "what is throttled is not hashed";
  EXPECT_TRUE(log_.has("login.throttled"));
  clock_.advance_ms(kWindowMs);
  loop_.pass();
  EXPECT_TRUE(is_right("my pass", home_));
}

TEST_F(PasswordCheckTest, ThrottlesByAddressBeforeAnythingElseIsAskedOrCharged) {
  meter(1, 1);
  EXPECT_TRUE(is_wrong("1", away_));
  EXPECT_TRUE(is_throttled("my pass", away_));
  EXPECT_EQ(known_addresses_.asked, 0);
  EXPECT_EQ(throttle_->metrics().by_address.load(), 1U);
  EXPECT_TRUE(std::holds_alternative<Throttled>(try_password("x", away_, "bob")));
  EXPECT_TRUE(std::holds_alternative<WrongPassword>(try_password("x", home_, "bob")))
      << "a refusal by address charged the user";
}

TEST_F(PasswordCheckTest, ARefusalByUserChargesNoAddress) {
  meter(1, 2);
  EXPECT_TRUE(is_wrong("1", home_));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(is_throttled("2", away_));
  EXPECT_EQ(throttle_->metrics().by_user.load(), 10U);
}

TEST_F(PasswordCheckTest, ARefusalInANameAtAnAddressChargesThatAddressNothing) {
  meter(1, 2);
  EXPECT_TRUE(is_wrong("1", home_));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(is_throttled("2", home_));
  EXPECT_TRUE(std::holds_alternative<WrongPassword>(try_password("x", home_, "bob")));
  EXPECT_EQ(throttle_->metrics().by_address.load(), 0U);
}

TEST_F(PasswordCheckTest, AFloodOfRefusalsByUserAsksTheStoreNoMoreThanFailuresAreAllowed) {
  meter(2, 0);
  EXPECT_TRUE(is_wrong("1", home_) && is_wrong("2", home_));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(is_throttled("3", away_));
  EXPECT_EQ(known_addresses_.asked, 2);
}

TEST_F(PasswordCheckTest, AFloodOfRefusalsByUserIsNotChargedToWhoRefusedIt) {
  meter(2, 0);
  EXPECT_TRUE(is_wrong("1", home_) && is_wrong("2", home_));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(is_throttled("3", away_));
  clock_.advance_ms(kWindowMs / 2);
  loop_.pass();
  EXPECT_TRUE(is_right("my pass", away_)) << "refusals that cost no hash charged the address in this name";
}

TEST_F(PasswordCheckTest, AsksTheStoreAgainASecondAfterItHasAskedTooOften) {
  meter(1, 0);
  EXPECT_TRUE(is_wrong("1", home_));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(is_throttled("2", away_));
  EXPECT_EQ(known_addresses_.asked, 1);
  clock_.advance_ms(1000);
  loop_.pass();
  EXPECT_TRUE(is_throttled("2", away_));
  EXPECT_EQ(known_addresses_.asked, 2);
}

// What a stranger can see of a name at an address where somebody logged in: for how long it is refused, guess
// by guess, while the clock stands still.
TEST_F(PasswordCheckTest, AtAnAddressEveryNameIsRefusedAtTheSameCountAndForAsLong) {
  EXPECT_TRUE(is_right("my pass", home_));
  const auto seen_of = [this](const std::string& name) {
    meter(1, 0);
    std::array<std::optional<PasswordVerdict>, 4> verdicts;
    for (auto& verdict : verdicts) start(name, "wrong", home_, verdict);
    std::vector<std::int64_t> seconds;
    for (const auto& verdict : verdicts) {
      const bool is_refused = verdict && std::holds_alternative<Throttled>(*verdict);
      seconds.push_back(is_refused ? std::get<Throttled>(*verdict).seconds : 0);
    }
    finish([&verdicts] { return verdicts[0].has_value(); });
    return seconds;
  };
  const std::vector<std::int64_t> known = seen_of("alice");
  EXPECT_EQ(known, (std::vector<std::int64_t>{0, 3600, 3600, 3600}));
  EXPECT_EQ(seen_of("nobody"), known);
}

TEST_F(PasswordCheckTest, AnUnlockedNameIsMeteredAtEachAddressAloneAndFromNothing) {
  meter(2, 0);
  EXPECT_TRUE(is_wrong("1", away_) && is_wrong("2", away_));
  EXPECT_TRUE(is_throttled("my pass", home_));
  ASSERT_TRUE(throttle_->unlock("alice", loop_.now()));
  EXPECT_TRUE(is_right("my pass", home_));
  EXPECT_TRUE(is_wrong("3", away_) && is_wrong("4", away_)) << "what was charged before the unlocking";
  EXPECT_TRUE(is_throttled("my pass", away_));
  EXPECT_TRUE(is_right("my pass", home_));
  EXPECT_EQ(std::get<Throttled>(try_password("x", away_)).seconds, kWindowMs / 2000);
  clock_.advance_ms(kWindowMs);
  loop_.pass();
  EXPECT_TRUE(is_wrong("5", away_) && is_wrong("6", away_));
  known_addresses_.hashes.clear();
  EXPECT_TRUE(is_throttled("my pass", home_)) << "it is unlocked for longer than a window";
}

TEST_F(PasswordCheckTest, AKnownAddressHasABoundOfItsOwnWhereNoneIsByAddress) {
  meter(2, 0);
  EXPECT_TRUE(is_right("my pass", home_));
  EXPECT_TRUE(is_wrong("1", away_) && is_wrong("2", away_));
  EXPECT_TRUE(is_right("my pass", home_)) << "what strangers did in this name";
  EXPECT_TRUE(is_wrong("1", home_) && is_wrong("2", home_));
  EXPECT_TRUE(is_throttled("my pass", home_));
}

TEST_F(PasswordCheckTest, WritesALineOnOneOfManyRefusalsAndCountsTheRest) {
  meter(1, 0);
  EXPECT_TRUE(is_wrong("1", home_));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(is_throttled("2", away_));
  EXPECT_EQ(log_.count("login.throttled"), 1U);
  clock_.advance_ms(1000);
  loop_.pass();
  EXPECT_TRUE(is_throttled("2", away_));
  EXPECT_EQ(log_.count("login.throttled"), 2U);
  EXPECT_NE(log_.lines.back().find("more=4"), std::string::npos) << log_.lines.back();
}

TEST_F(PasswordCheckTest, LetsAKnownAddressThroughAndChargesItAlone) {
  meter(2, 5);
  EXPECT_TRUE(is_right("my pass", home_));
  EXPECT_TRUE(is_wrong("1", away_) && is_wrong("1", away_));
  EXPECT_TRUE(is_throttled("my pass", away_));
  const std::int64_t seconds = std::get<Throttled>(try_password("x", away_)).seconds;
  EXPECT_TRUE(is_right("my pass", home_));
  EXPECT_TRUE(is_throttled("my pass", away_)) << "what was not charged was taken back";
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(is_wrong("2", home_));
  EXPECT_TRUE(is_throttled("my pass", home_));
  EXPECT_LE(std::get<Throttled>(try_password("x", away_)).seconds, seconds) << "the user was charged";
}

TEST_F(PasswordCheckTest, TakesTheChargeBackWhereThePasswordWasRightOrWasNeverTried) {
  meter(1, 1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(is_right("my pass", home_));
  known_addresses_.hashes.clear();
  directory_.error = Error{ErrorCode::kUnavailable, "disk"};
  for (int i = 0; i < 3; ++i) {
    const PasswordVerdict verdict = try_password("my pass", home_);
    ASSERT_TRUE(std::holds_alternative<Error>(verdict));
    EXPECT_EQ(std::get<Error>(verdict).code, ErrorCode::kUnavailable);
  }
  directory_.error.reset();
  const std::string long_password(credential::kMaxPasswordBytes + 1, 'a');
  EXPECT_TRUE(std::holds_alternative<Error>(try_password(long_password, home_)));
  EXPECT_TRUE(is_wrong("1", home_));
  EXPECT_TRUE(is_throttled("my pass", home_));
}

TEST_F(PasswordCheckTest, ChargesWhatIsUnderWaySoThatGuessesAtOnceGetNoFurther) {
  meter(2, 0);
  std::array<std::optional<PasswordVerdict>, 3> verdicts;
  for (auto& verdict : verdicts) start("alice", "1", home_, verdict);
  EXPECT_FALSE(verdicts[0].has_value() || verdicts[1].has_value());
  ASSERT_TRUE(verdicts[2].has_value());
  EXPECT_TRUE(std::holds_alternative<Throttled>(*verdicts[2]));
  turn();
  for (int i = 0; i < 1000 && !(verdicts[0] && verdicts[1]); ++i) {
    clock_.advance_ms(10);
    loop_.pass();
  }
  EXPECT_TRUE(verdicts[0] && verdicts[1]);
}

TEST_F(PasswordCheckTest, FailsWhereItCannotTellAKnownAddressFromAnother) {
  meter(1, 1);
  EXPECT_TRUE(is_wrong("1", away_));
  known_addresses_.error = Error{ErrorCode::kUnavailable, "disk"};
  EXPECT_TRUE(std::holds_alternative<Error>(try_password("my pass", home_)));
  known_addresses_.error.reset();
  EXPECT_TRUE(is_throttled("1", home_));
  EXPECT_EQ(throttle_->metrics().by_address.load(), 0U) << "a failure charged the address";
}

TEST_F(PasswordCheckTest, LogsInWhereTheAddressCannotBeRememberedAndLogsIt) {
  known_addresses_.error = Error{ErrorCode::kUnavailable, "disk"};
  EXPECT_TRUE(is_right("my pass", home_));
  EXPECT_TRUE(log_.has("login.address_not_remembered"));
}

TEST_F(PasswordCheckTest, RemembersNothingWhereTheThrottleByUserIsOff) {
  meter(0, 5);
  EXPECT_TRUE(is_right("my pass", home_));
  EXPECT_TRUE(known_addresses_.hashes.empty());
}

TEST(ThrottledNetwork, IsAnIpv4AddressWholeAndAnIpv6AddressByItsFirst64Bits) {
  const auto network = [](std::string_view text) {
    return throttled_network(net::IpAddress::parse(text).value()).to_text();
  };
  EXPECT_EQ(network("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(network("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
}

}  // namespace
}  // namespace latchkey::api
