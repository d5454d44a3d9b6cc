#include "latchkey/token/registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "shard_fixture.h"

namespace latchkey::token {
namespace {

using RegistryTest = ShardTest;

TEST_F(RegistryTest, AnAdmissionsUserIsGoodForThisPassAlone) {
  const Login login = log_in(kAlice);
  const Admission admission = registry_->check(login.token, binding(1), now());
  EXPECT_EQ(admission.user->name(), "user7");
  quiescence_.activate(0);
  EXPECT_DEATH(static_cast<void>(admission.user->name()), "taken_in_");
}

TEST_F(RegistryTest, ACoreAtRestChecksNothing) {
  const Login login = log_in(kAlice);
  quiescence_.rest(0);
  EXPECT_DEATH(check(login.token), "taken_in_");
}

TEST_F(RegistryTest, ARefusalHasNoUser) {
  shard();
  EXPECT_FALSE(registry_->check(Token(), binding(1), now()).user);
}

// One core makes, ends and forgets tokens while others check them. One core rests all the time.
class RegistryThreads : public ::testing::Test {
 protected:
  static constexpr runtime::CoreId kReaders = 2;
  static constexpr runtime::CoreId kIdle = kReaders + 1;
  static constexpr std::int64_t kTimeoutMs = 60'000;
  static constexpr std::int64_t kPassMs = 100;
  static constexpr std::int64_t kPassesPerPeriod = kTimeoutMs / 10 / kPassMs;
  static constexpr std::size_t kStable = 500;
  static constexpr std::size_t kPasses = 1500;
  static constexpr std::size_t kMadePerPass = 20;
  static constexpr std::size_t kTokens = kStable + kPasses * kMadePerPass;

  struct Made {
    Token token;
    std::int64_t user_id = 0;
    std::atomic<bool> ended{false};
  };

  RegistryThreads() : made_(kTokens) {
    quiescence_.activate(0);
    shard_ = rig_.make_shard(store_, login_check_,
                             {.timeout = std::chrono::milliseconds(kTimeoutMs),
                              .max_tokens = 50'000,
                              .max_tombstones = 300})
                 .value();
    now_ms_.store(rig_.table_clock.now().ms);
  }
  ~RegistryThreads() override { shard_.reset(); }

  template <class T>
  T finished(runtime::Task<T> task) {
    auto ended = std::make_shared<std::optional<T>>();
    nursery_.spawn(keep_result(std::move(task), ended));
    return std::move(ended->value());
  }

  void make(std::size_t number) {
    // Three tokens per user, so that users come and go too.
    const auto user_id = static_cast<std::int64_t>(number / 3 + 1);
    const auto login = finished(shard_->login({.user_id = user_id,
                                               .user_name = std::to_string(user_id),
                                               .binding = binding(static_cast<std::uint32_t>(number)),
                                               .address = {},
                                               .agent = {}}));
    ASSERT_TRUE(login) << login.error().text;
    made_[number].token = login->token;
    made_[number].user_id = user_id;
    told_.store(number + 1, std::memory_order_release);
  }

  void end(std::size_t number) {
    const auto ended =
        finished(shard_->end(made_[number].token, binding(static_cast<std::uint32_t>(number))));
    ASSERT_TRUE(ended.value());
    made_[number].ended.store(true, std::memory_order_release);
  }

  void pass() {
    quiescence_.activate(0);
    quiescence_.collect(0);
    clock_.advance_ms(kPassMs);
    now_ms_.store(rig_.table_clock.now().ms, std::memory_order_release);
    shard_->advance(rig_.table_clock.now(), 1000);
    if (++passes_ % kPassesPerPeriod == 0) use_stable();
  }

  void use_stable() {
    const Registry registry({&shard_->table()}, quiescence_, 0);
    for (std::size_t number = 0; number < std::min(kStable, told_.load()); ++number) {
      check_one(registry, number);
    }
  }

  void read(runtime::CoreId core) {
    const Registry registry({&shard_->table()}, quiescence_, core);
    std::mt19937 random(core);
    while (!over_.load(std::memory_order_acquire)) {
      quiescence_.activate(core);
      for (int i = 0; i < 50; ++i) {
        const std::size_t told = told_.load(std::memory_order_acquire);
        // The newest, which were announced a moment ago, and any other.
        check_one(registry,
                  i % 2 == 0 ? told - 1 - random() % std::min<std::size_t>(told, 40) : random() % told);
      }
      if (random() % 8 == 0) quiescence_.rest(core);
    }
    quiescence_.rest(core);
  }

  void check_one(const Registry& registry, std::size_t number) {
    const Made& made = made_[number];
    const bool was_ended = made.ended.load(std::memory_order_acquire);
    const Admission admission = registry.check(made.token, binding(static_cast<std::uint32_t>(number)),
                                               {now_ms_.load(std::memory_order_acquire)});
    checks_.fetch_add(1, std::memory_order_relaxed);
    if (admission.outcome == Outcome::kAdmitted) {
      if (was_ended) admitted_dead_.fetch_add(1);
      if (admission.user->id() != made.user_id || admission.user->name() != std::to_string(made.user_id)) {
        wrong_user_.fetch_add(1);
      }
    } else if (number < kStable) {
      refused_live_.fetch_add(1);
    }
  }

  ManualClock clock_;
  SystemRandom random_;
  NoLog log_;
  Keyring keyring_{test_key_file()};
  test::FakeStore store_;
  test::FakeLoginCheck login_check_;
  test::ShardRig rig_{{.clock = clock_, .random = random_, .keyring = keyring_, .log = log_},
                      {.cores = kReaders + 2, .pages = runtime::PageSource::Mode::kThread}};
  runtime::Quiescence& quiescence_ = rig_.quiescence;
  std::unique_ptr<Shard> shard_;
  runtime::Nursery nursery_;

  std::int64_t passes_ = 0;
  std::vector<Made> made_;
  std::atomic<std::size_t> told_{0};
  std::atomic<std::int64_t> now_ms_{0};
  std::atomic<bool> over_{false};
  std::atomic<std::uint64_t> checks_{0};
  std::atomic<std::uint64_t> admitted_dead_{0};
  std::atomic<std::uint64_t> wrong_user_{0};
  std::atomic<std::uint64_t> refused_live_{0};
};

TEST_F(RegistryThreads, WhileTokensComeAndGoEveryCheckIsRight) {
  for (std::size_t number = 0; number < kStable; ++number) make(number);
  const std::size_t memory_before = shard_->counts().memory_bytes;
  std::vector<std::thread> readers;
  for (runtime::CoreId core = 1; core <= kReaders; ++core) readers.emplace_back([this, core] { read(core); });

  // A wave that grows, and then one that shrinks. The bound of tombstones makes entries be used again within
  // a period.
  std::size_t next_to_end = kStable;
  for (std::size_t number = kStable; number < kTokens;) {
    pass();
    if (!shard_->table().can_retire()) {
      std::this_thread::yield();
      continue;
    }
    for (std::size_t i = 0; i < kMadePerPass; ++i) make(number++);
    const std::size_t keep = number < kTokens / 2 ? 8'000 : 100;
    for (int i = 0; i < 40 && next_to_end + keep < number && shard_->table().can_retire(); ++i) {
      end(next_to_end++);
    }
  }
  while (next_to_end < kTokens) {
    pass();
    if (shard_->table().can_retire()) end(next_to_end++);
  }
  over_.store(true, std::memory_order_release);
  for (std::thread& reader : readers) reader.join();

  EXPECT_GT(checks_.load(), 1000U);
  EXPECT_EQ(admitted_dead_.load(), 0U);
  EXPECT_EQ(wrong_user_.load(), 0U);
  EXPECT_EQ(refused_live_.load(), 0U);
  EXPECT_EQ(shard_->counts().live, kStable);
  EXPECT_EQ(quiescence_.pass_of(kIdle), 0U);

  // The idle core has held nothing back, and the wheel has released the numbers of forgotten entries.
  for (std::int64_t i = 0; i <= 2 * kPassesPerPeriod; ++i) pass();
  rig_.pages.client(0).settle();
  EXPECT_EQ(quiescence_.retired(0), 0U);
  EXPECT_LE(shard_->counts().memory_bytes,
            memory_before + 2 * Table::Entries::kChunkBytes + 2 * Slab<UserRecord>::kChunkBytes);
  EXPECT_TRUE(finished(shard_->stop()));
}

// Two cores use one token within the same second, and the owner ends it. Each step is seen whole.
TEST_F(RegistryThreads, UsesAndAnEndOfOneTokenCannotBothWin) {
  std::vector<std::thread> readers;
  for (runtime::CoreId core = 1; core <= kReaders; ++core) {
    readers.emplace_back([this, core] {
      const Registry registry({&shard_->table()}, quiescence_, core);
      while (!over_.load(std::memory_order_acquire)) {
        quiescence_.activate(core);
        const std::size_t told = told_.load(std::memory_order_acquire);
        if (told > 0) check_one(registry, told - 1);
      }
      quiescence_.rest(core);
    });
  }
  for (std::size_t number = 0; number < 3000; ++number) {
    pass();
    if (!shard_->table().can_retire()) {
      std::this_thread::yield();
      --number;
      continue;
    }
    make(number + kStable);
    for (int i = 0; i < 12; ++i) pass();
    end(number + kStable);
  }
  over_.store(true, std::memory_order_release);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(admitted_dead_.load(), 0U);
  EXPECT_EQ(wrong_user_.load(), 0U);
  EXPECT_EQ(shard_->counts().live, 0U);
  EXPECT_TRUE(finished(shard_->stop()));
}

}  // namespace
}  // namespace latchkey::token
