#include "server/session_loader.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "latchkey/base/random.h"
#include "latchkey/credential/user_table.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/session_table.h"
#include "latchkey/token/registry.h"
#include "support/shard_rig.h"
#include "support/store_doubles.h"
#include "support/temporary_directory.h"
#include "support/token_doubles.h"

namespace latchkey::server {
namespace {

constexpr std::uint32_t kShards = 2;
constexpr std::int64_t kTimeoutMs = 60'000;
constexpr std::int64_t kUsers = 40;
// More than the batches that wait for a shard's thread hold, and not a whole number of batches.
constexpr std::size_t kSessions = 10'007;

class SessionLoaderTest : public ::testing::Test {
 protected:
  void make_shards(std::size_t max_tokens) {
    for (std::uint32_t number = 0; number < kShards; ++number) {
      shards_.push_back(rig_.make_shard(store_, login_check_,
                                        {.timeout = std::chrono::milliseconds(kTimeoutMs),
                                         .max_tokens = max_tokens,
                                         .max_tombstones = kSessions},
                                        number)
                            .value());
      pointers_.push_back(shards_.back().get());
    }
  }

  /// Records session `number`. The users take turns.
  token::Token record(std::size_t number, WallTime last_used) {
    store::LoginRecord record;
    store::Session& session = record.session;
    session.id = random_.bytes<sizeof(store::SessionId)>();
    session.user_id = static_cast<std::int64_t>(number) % kUsers + 1;
    session.user_name = "user" + std::to_string(session.user_id);
    session.binding = test::binding(static_cast<std::uint32_t>(number));
    session.key_number = keyring_.signing_number();
    session.created = session.last_used = last_used;
    const token::Token token(keyring_.tag_of(session.user_id), keyring_.sign(session.key_number, session.id));
    session.lookup = keyring_.lookup_hash(token);
    EXPECT_TRUE(store::insert_login(database_, record).has_value());
    return token;
  }

  std::vector<token::Token> record_all(WallTime last_used) {
    std::vector<token::Token> tokens;
    store::Transaction transaction = store::Transaction::begin(database_).value();
    for (std::size_t number = 0; number < kSessions; ++number) tokens.push_back(record(number, last_used));
    EXPECT_TRUE(transaction.commit().has_value());
    return tokens;
  }

  Result<std::size_t> load() {
    return load_sessions(database_, keyring_, pointers_, rig_.table_clock.now(), {});
  }

  test::TemporaryDirectory scratch_;
  store::Database database_ = store::open_database(scratch_ / "a.db").value();
  ManualClock time_;
  SystemRandom random_;
  NoLog log_;
  test::FakeStore store_;
  test::FakeLoginCheck login_check_;
  token::KeyFile key_file_;
  token::Keyring keyring_{key_file_};
  test::ShardRig rig_{{.clock = time_, .random = random_, .keyring = keyring_, .log = log_},
                      {.shards = kShards, .cores = kShards, .pages = runtime::PageSource::Mode::kThread}};
  std::vector<std::unique_ptr<token::Shard>> shards_;
  std::vector<token::Shard*> pointers_;
};

TEST_F(SessionLoaderTest, EveryRecordedTokenIsAdmittedAfterTheStart) {
  const std::vector<token::Token> tokens = record_all(time_.wall());
  make_shards(kSessions);
  const Result<std::size_t> taken = load();
  ASSERT_TRUE(taken.has_value()) << taken.error().text;
  EXPECT_EQ(*taken, kSessions);
  rig_.quiescence.activate(0);
  const token::Registry registry({&shards_[0]->table(), &shards_[1]->table()}, rig_.quiescence, 0);
  for (std::size_t number = 0; number < tokens.size(); ++number) {
    ASSERT_EQ(
        registry
            .check(tokens[number], test::binding(static_cast<std::uint32_t>(number)), rig_.table_clock.now())
            .outcome,
        token::Outcome::kAdmitted);
  }
  EXPECT_EQ(shards_[0]->counts().live + shards_[1]->counts().live, kSessions);
  EXPECT_GT(shards_[0]->counts().live, 0U);
  EXPECT_GT(shards_[1]->counts().live, 0U);
}

TEST_F(SessionLoaderTest, RowsThatNobodyNeedsAreRemoved) {
  const WallTime long_ago{time_.wall().ms - 3 * kTimeoutMs};
  record_all(long_ago);
  const token::Token living = record(kSessions, time_.wall());
  make_shards(kSessions);
  const Result<std::size_t> taken = load();
  ASSERT_TRUE(taken.has_value()) << taken.error().text;
  EXPECT_EQ(*taken, 1U);
  EXPECT_EQ(*database_.query_integer("SELECT count(*) FROM sessions"), 1);
  EXPECT_TRUE(store::find_session(database_, keyring_.lookup_hash(living))->has_value());
}

TEST_F(SessionLoaderTest, AShardWithoutRoomRefusesTheStartAndRemovesNothing) {
  record_all(time_.wall());
  record(kSessions, WallTime{time_.wall().ms - 3 * kTimeoutMs});
  make_shards(kSessions / 4);
  const Result<std::size_t> taken = load();
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(*database_.query_integer("SELECT count(*) FROM sessions"),
            static_cast<std::int64_t>(kSessions) + 1);
}

TEST_F(SessionLoaderTest, AnEmptyDatabaseIsNoError) {
  make_shards(kSessions);
  EXPECT_EQ(load().value_or(1), 0U);
}

TEST_F(SessionLoaderTest, ATokenHasTheProfileOfItsUserAfterTheStart) {
  const std::vector<token::Token> tokens = record_all(time_.wall());
  for (std::int64_t id = 1; id <= kUsers; ++id) {
    credential::User user;
    user.name = "user" + std::to_string(id);
    user.password_hash = "hash";
    if (id % 2 == 0) user.groups = {"even", user.name};
    ASSERT_EQ(credential::user_table::add(database_, user)->id, id);
  }
  // Whose profile was taken away again, and who has one and no token.
  ASSERT_TRUE(credential::user_table::change_groups(database_, 2, {.add = {}, .remove = {"even", "user2"}}));
  credential::User idle;
  idle.name = "idle";
  idle.password_hash = "hash";
  idle.email = "idle@example.org";
  ASSERT_TRUE(credential::user_table::add(database_, idle));
  make_shards(kSessions);
  const Result<std::size_t> taken = load();
  ASSERT_TRUE(taken.has_value()) << taken.error().text;
  rig_.quiescence.activate(0);
  const token::Registry registry({&shards_[0]->table(), &shards_[1]->table()}, rig_.quiescence, 0);
  for (std::size_t number = 0; number < tokens.size(); ++number) {
    const token::Admission admission = registry.check(
        tokens[number], test::binding(static_cast<std::uint32_t>(number)), rig_.table_clock.now());
    ASSERT_EQ(admission.outcome, token::Outcome::kAdmitted);
    const token::Profile* const profile = admission.user->profile();
    const std::int64_t id = admission.user->id();
    ASSERT_EQ(profile != nullptr, id % 2 == 0 && id != 2) << id;
    if (profile != nullptr) {
      EXPECT_EQ(profile->groups(), (std::vector<std::string>{"even", "user" + std::to_string(id)}));
    }
  }
}

}  // namespace
}  // namespace latchkey::server
