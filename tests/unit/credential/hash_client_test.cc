#include "latchkey/credential/hash_client.h"

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <semaphore>
#include <thread>

#include "credential/worker_watch.h"
#include "support/base_doubles.h"
#include "support/hash_rig.h"
#include "support/keep.h"
#include "support/runtime_doubles.h"
#include "support/thread_rig.h"

namespace latchkey::credential {
namespace {

using runtime::Task;
using test::kCheapHash;
using test::keep;
using test::must_make_pool;
using test::TickingClock;
using Verified = std::optional<Result<bool>>;

/// Tests with two workers, at ports 1 and 2.
class HashClientTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kMaxWaiting = 3;
  static constexpr std::size_t kAtWorkers = 2 * HashClient::kMaxAtWorker;

  HashClientTest() {
    for (runtime::PortId id = 0; id < mailbox.size(); ++id) mailbox.port(id).set_doorbell(&doorbell);
  }
  void verify(const char* password, Verified& out) {
    nursery.spawn(keep(client.verify(SecretText(password), hash), out));
  }
  std::size_t turn() { return mailbox.port(1).drain() + mailbox.port(2).drain() + mailbox.port(0).drain(); }

  test::SilentDoorbell doorbell;
  runtime::Mailbox mailbox{3, 8};
  std::unique_ptr<HashPool> pool = must_make_pool({1, 2});
  HashClient client{mailbox.port(0), *pool, kMaxWaiting};
  std::string hash = *make_hash("my pass", kCheapHash);
  runtime::Nursery nursery;
};

TEST_F(HashClientTest, VerifiesOnTheWorkersAndNotOnTheCallersThread) {
  Verified right;
  Verified wrong;
  verify("my pass", right);
  verify("your pass", wrong);
  mailbox.port(0).drain();
  EXPECT_EQ(client.metrics().hashes.load(), 0U);
  while (turn() > 0) continue;
  EXPECT_TRUE(right->value());
  EXPECT_FALSE(wrong->value());
  EXPECT_EQ(client.metrics().hashes.load(), 2U);
}

TEST_F(HashClientTest, MakesAHashByThePoolsSettings) {
  std::optional<Result<std::string>> made;
  auto making = [](HashClient& from, std::optional<Result<std::string>>& out) -> Task<void> {
    auto task = from.make(SecretText("new pass"));
    out.emplace(co_await task);
  };
  nursery.spawn(making(client, made));
  while (turn() > 0) continue;
  EXPECT_FALSE(needs_rehash(**made, kCheapHash));
  EXPECT_TRUE(*verify_password("new pass", **made));
}

TEST_F(HashClientTest, MeasuresAnAddedHashOnAWorkerAndRefusesOneThatIsNotRead) {
  std::optional<Result<void>> read;
  std::optional<Result<void>> unread;
  auto measuring = [](HashClient& from, std::string stored, const Clock& clock,
                      std::optional<Result<void>>& out) -> Task<void> {
    auto task = from.measure(std::move(stored), clock);
    out.emplace(co_await task);
  };
  const TickingClock ticking;
  nursery.spawn(measuring(client, hash, ticking, read));
  nursery.spawn(measuring(client, "$1$saltstri$qQY4WxjABChYG1ccLpfkz/", ticking, unread));
  mailbox.port(0).drain();
  EXPECT_EQ(pool->refusal_step().ms(), 20);
  while (turn() > 0) continue;
  EXPECT_TRUE(read->has_value());
  EXPECT_EQ(pool->refusal_step().ms(), 40);
  EXPECT_EQ(unread->error().code, ErrorCode::kInvalid);
}

TEST_F(HashClientTest, AFullQueueRefusesWhoHasWaitedLongestAndServesTheRest) {
  std::vector<Verified> outcomes(kAtWorkers + kMaxWaiting + 1);
  for (Verified& outcome : outcomes) verify("my pass", outcome);
  EXPECT_EQ(client.metrics().waiting.load(), kMaxWaiting);
  EXPECT_EQ(client.metrics().refused.load(), 1U);

  while (turn() > 0) continue;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    ASSERT_TRUE(outcomes[i].has_value());
    if (i == kAtWorkers) {
      EXPECT_EQ(outcomes[i]->error().code, ErrorCode::kOverloaded);
    } else {
      EXPECT_TRUE(outcomes[i]->value());
    }
  }
  EXPECT_EQ(client.metrics().waiting.load(), 0U);
}

TEST_F(HashClientTest, RefusesAtOnceWhereAsManyAsCanWaitHaveBeenRefusedSinceAJobCameHome) {
  std::vector<Verified> outcomes(kAtWorkers + 2 * kMaxWaiting + 1);
  for (Verified& outcome : outcomes) verify("my pass", outcome);
  ASSERT_TRUE(outcomes.back().has_value());
  EXPECT_EQ(outcomes.back()->error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(client.metrics().refused.load(), kMaxWaiting + 1);
  while (turn() > 0) continue;
}

TEST_F(HashClientTest, AnswersWhomItRefusedInThePassesThatFollowAFewInEach) {
  constexpr std::size_t kRefused = HashClient::kRefusalsPerPass + 1;
  HashClient queue(mailbox.port(0), *pool, kRefused);
  std::vector<Verified> outcomes(kAtWorkers + 2 * kRefused);
  for (Verified& outcome : outcomes) nursery.spawn(keep(queue.verify(SecretText("my pass"), hash), outcome));
  const auto refused = [&outcomes] {
    return static_cast<std::size_t>(
        std::count_if(outcomes.begin(), outcomes.end(), [](const Verified& outcome) {
          return outcome && !outcome->has_value() && outcome->error().code == ErrorCode::kOverloaded;
        }));
  };
  EXPECT_EQ(refused(), 0U);
  EXPECT_EQ(queue.pass({0}), 0);
  EXPECT_EQ(refused(), HashClient::kRefusalsPerPass);
  EXPECT_GT(queue.pass({0}), 0);
  EXPECT_EQ(refused(), kRefused);
  while (turn() > 0) continue;
  EXPECT_EQ(refused(), kRefused);
}

TEST_F(HashClientTest, KeepsAtMostTwoJobsAtAWorkerAndSpreadsThem) {
  std::vector<Verified> outcomes(kAtWorkers + kMaxWaiting);
  for (Verified& outcome : outcomes) verify("my pass", outcome);
  EXPECT_EQ(mailbox.port(1).drain(), HashClient::kMaxAtWorker);
  EXPECT_EQ(mailbox.port(2).drain(), HashClient::kMaxAtWorker);
  while (turn() > 0) continue;
}

Task<void> note_order(HashClient& client, std::string hash, std::vector<int>& order, int number) {
  auto task = client.verify(SecretText("my pass"), std::move(hash));
  const Result<bool> verified = co_await task;
  if (verified) order.push_back(number);
}

TEST_F(HashClientTest, ServesThoseWhoWaitInTheOrderTheyCame) {
  std::vector<int> order;
  constexpr int kJobs = static_cast<int>(kAtWorkers + kMaxWaiting);
  for (int i = 0; i < kJobs; ++i) nursery.spawn(note_order(client, hash, order, i));
  while (turn() > 0) continue;
  std::vector<int> queued(order.end() - kMaxWaiting, order.end());
  EXPECT_EQ(queued, (std::vector<int>{kJobs - 3, kJobs - 2, kJobs - 1}));
}

/// One worker, which hashes one job per turn.
TEST_F(HashClientTest, AfterAnOverflowTheNewestGoFirstAndOneInFourIsTheOldest) {
  constexpr int kAtWorker = static_cast<int>(HashClient::kMaxAtWorker);
  constexpr int kPlaces = 8;
  const std::unique_ptr<HashPool> one_worker = must_make_pool({1});
  HashClient queue(mailbox.port(0), *one_worker, kPlaces);
  std::vector<int> order;
  int next = 0;
  const auto add = [&] { nursery.spawn(note_order(queue, hash, order, next++)); };
  for (int i = 0; i < kAtWorker + kPlaces + 1; ++i) add();  // one too many: number 2 is refused
  while (turn() > 0) continue;
  EXPECT_EQ(order, (std::vector<int>{0, 1, 10, 9, 8, 3, 7, 6, 5, 4}));

  // The queue has run empty, so it is in order again.
  order.clear();
  next = 0;
  for (int i = 0; i < kAtWorker + kPlaces; ++i) add();
  while (turn() > 0) continue;
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

Task<void> count_right(HashClient& client, const std::string& hash, std::atomic<int>& right) {
  auto task = client.verify(SecretText("my pass"), hash);
  const Result<bool> verified = co_await task;
  if (verified.value_or(false)) ++right;
}

TEST(HashClient, ServesSeveralCoresOnSeveralThreads) {
  constexpr runtime::PortId kCores = 2;
  constexpr int kLoginsPerCore = 20;
  test::SemaphoreDoorbell doorbell(kCores + 2);
  runtime::Mailbox mailbox(kCores + 2, 64);
  for (runtime::PortId id = 0; id < mailbox.size(); ++id) mailbox.port(id).set_doorbell(&doorbell);
  const std::unique_ptr<HashPool> pool = must_make_pool({kCores, kCores + 1});
  const std::string hash = *make_hash("my pass", kCheapHash);
  std::atomic<int> right{0};
  {
    const test::PortThread first(doorbell, mailbox.port(kCores), *pool);
    const test::PortThread second(doorbell, mailbox.port(kCores + 1), *pool);
    std::vector<std::thread> cores;
    for (runtime::PortId core = 0; core < kCores; ++core) {
      cores.emplace_back([&, core] {
        HashClient client(mailbox.port(core), *pool, kLoginsPerCore);
        runtime::Nursery nursery;
        for (int i = 0; i < kLoginsPerCore; ++i) nursery.spawn(count_right(client, hash, right));
        test::run_until_ended(doorbell, mailbox.port(core), nursery);
      });
    }
    for (std::thread& core : cores) core.join();
  }
  EXPECT_EQ(right.load(), static_cast<int>(kCores) * kLoginsPerCore);
}

/// A client, its one worker and the standby, run turn by turn by the test.
class ReliefTest : public ::testing::Test {
 protected:
  ReliefTest() {
    for (runtime::PortId id = 0; id < mailbox.size(); ++id) mailbox.port(id).set_doorbell(&doorbell);
  }

  void submit(Verified& out) { nursery.spawn(keep(client.verify(SecretText("my pass"), hash), out)); }
  std::int64_t pass() { return client.pass(clock.boot()); }
  void lose_patience() {
    clock.advance_ms(patience_ms);
    pass();
  }
  /// Does what was sent to this port and brings it home. Returns how many jobs that were.
  std::size_t turn(runtime::PortId port) {
    const std::size_t ran = mailbox.port(port).drain();
    mailbox.port(0).drain();
    return ran;
  }

  static constexpr runtime::PortId kWorker = 1;
  static constexpr runtime::PortId kStandby = 2;
  ManualClock clock;
  test::SilentDoorbell doorbell;
  runtime::Mailbox mailbox{3, 8};
  std::unique_ptr<HashPool> pool = must_make_pool({kWorker}, kCheapHash, clock, {kStandby});
  HashClient client{mailbox.port(0), *pool, 8};
  const std::int64_t patience_ms = WorkerWatch::kPatienceSteps * pool->refusal_step().ms();
  std::string hash = *make_hash("my pass", kCheapHash);
  runtime::Nursery nursery;
};

TEST_F(ReliefTest, AClientWithoutAJobHasNothingToLookAt) { EXPECT_EQ(pass(), runtime::kNever); }

TEST_F(ReliefTest, AJobOfAWorkerThatGetsNoTimeIsDoneByTheStandby) {
  Verified done;
  submit(done);
  clock.advance_ms(patience_ms - 1);
  const std::int64_t again_ms = pass();
  EXPECT_EQ(turn(kStandby), 0U);
  EXPECT_GT(again_ms, clock.boot().ms);
  EXPECT_LE(again_ms, clock.boot().ms + pool->refusal_step().ms());

  clock.advance_ms(pool->refusal_step().ms());
  pass();
  EXPECT_EQ(client.metrics().reliefs.load(), 1U);
  EXPECT_EQ(turn(kStandby), 1U);
  EXPECT_TRUE(done->value());

  // When the worker gets time, it has nothing more to do for this job.
  EXPECT_EQ(client.in_hand(), 1U);
  EXPECT_EQ(turn(kWorker), 1U);
  EXPECT_EQ(client.in_hand(), 0U);
  EXPECT_EQ(client.metrics().hashes.load(), 1U);
  clock.advance_ms(patience_ms);
  EXPECT_EQ(pass(), runtime::kNever);
  EXPECT_EQ(client.metrics().reliefs.load(), 1U);
}

TEST_F(ReliefTest, TheWorkerAnswersWhereItIsDoneBeforeTheStandby) {
  Verified done;
  submit(done);
  lose_patience();
  EXPECT_EQ(turn(kWorker), 1U);
  EXPECT_TRUE(done->value());
  EXPECT_EQ(client.in_hand(), 1U);
  EXPECT_EQ(turn(kStandby), 1U);
  EXPECT_EQ(client.in_hand(), 0U);
  EXPECT_EQ(client.metrics().hashes.load(), 1U);
}

TEST_F(ReliefTest, WhereAWorkerStandsStillTheStandbyDoesOneJobAtATimeOfItAndThenTheQueue) {
  std::vector<Verified> outcomes(HashClient::kMaxAtWorker + 2);
  for (Verified& outcome : outcomes) submit(outcome);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    lose_patience();
    clock.advance_ms(patience_ms);
    pass();  // no second job while the first is not done
    EXPECT_EQ(turn(kStandby), 1U);
    for (std::size_t j = 0; j < outcomes.size(); ++j) EXPECT_EQ(outcomes[j].has_value(), j <= i);
    clock.advance_ms(WorkerWatch::kAgainSteps * pool->refusal_step().ms() - 1);
    pass();  // the cores get their turn before the next one
    EXPECT_EQ(turn(kStandby), 0U);
  }
  EXPECT_EQ(client.in_hand(), HashClient::kMaxAtWorker);
  EXPECT_EQ(turn(kWorker), HashClient::kMaxAtWorker);
  EXPECT_EQ(client.in_hand(), 0U);
}

TEST_F(ReliefTest, AWorkerThatComesOnIsNotRelievedHoweverLongTheJobsHaveWaited) {
  std::vector<Verified> outcomes(HashClient::kMaxAtWorker + 6);
  for (Verified& outcome : outcomes) submit(outcome);
  for (int i = 0; i < 3; ++i) {
    clock.advance_ms(patience_ms - 1);
    turn(kWorker);
    pass();
    EXPECT_EQ(turn(kStandby), 0U);
  }
  EXPECT_EQ(client.metrics().reliefs.load(), 0U);
  while (!outcomes.back()) turn(kWorker);
}

/// Uses this much CPU time, however long that takes.
void burn(std::chrono::nanoseconds cpu_time) {
  const auto used = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  };
  const std::chrono::nanoseconds end = used() + cpu_time;
  while (used() < end) continue;
}

TEST_F(ReliefTest, AWorkerThatIsSlowButHasItsShareOfACpuIsNotRelieved) {
  const auto share = std::chrono::milliseconds(patience_ms) / WorkerWatch::kLeastShare;
  constexpr int kRounds = 3;
  std::binary_semaphore begin{0};
  std::binary_semaphore end{0};
  std::thread worker([&] {
    pool->started(mailbox.port(kWorker));
    end.release();
    for (int i = 0; i <= kRounds; ++i) {
      begin.acquire();
      if (i < kRounds) burn(share);
      end.release();
    }
  });
  end.acquire();
  Verified done;
  submit(done);
  for (int i = 0; i < kRounds; ++i) {
    begin.release();
    end.acquire();
    lose_patience();
    EXPECT_EQ(turn(kStandby), 0U);
  }
  lose_patience();
  EXPECT_EQ(turn(kStandby), 1U);
  EXPECT_TRUE(done->value());
  turn(kWorker);
  begin.release();
  worker.join();
}

TEST_F(ReliefTest, AStandbyIsOneClientsAtATime) {
  EXPECT_EQ(pool->engage_standby_of(0), kStandby);
  EXPECT_FALSE(pool->engage_standby_of(0).has_value());
  Verified done;
  submit(done);
  lose_patience();
  EXPECT_EQ(turn(kStandby), 0U);
  pool->note_relief(0);
  lose_patience();
  EXPECT_EQ(turn(kStandby), 1U);
  EXPECT_TRUE(done->value());
  turn(kWorker);
}

TEST(HashClient, AnswersEveryJobOnceWhereWorkerAndStandbyDoTheSameOnes) {
  constexpr int kLogins = 40;
  test::SemaphoreDoorbell doorbell(3);
  runtime::Mailbox mailbox(3, 8);
  for (runtime::PortId id = 0; id < mailbox.size(); ++id) mailbox.port(id).set_doorbell(&doorbell);
  const TickingClock clock(10'000'000);  // longer than any patience
  const std::unique_ptr<HashPool> pool = must_make_pool({1}, kCheapHash, clock, {2});
  const std::string hash = *make_hash("my pass", kCheapHash);
  std::atomic<int> right{0};
  {
    const test::PortThread worker(doorbell, mailbox.port(1), *pool);
    const test::PortThread standby(doorbell, mailbox.port(2), *pool);
    HashClient client(mailbox.port(0), *pool, kLogins);
    runtime::Nursery nursery;
    for (int i = 0; i < kLogins; ++i) nursery.spawn(count_right(client, hash, right));
    while (nursery.running() > 0 || client.in_hand() > 0) {
      client.pass(clock.boot());
      doorbell.wait(0);
      mailbox.port(0).drain();
    }
    EXPECT_GT(client.metrics().reliefs.load(), 0U);
    EXPECT_EQ(client.metrics().hashes.load(), std::uint64_t{kLogins});
  }
  EXPECT_EQ(right.load(), kLogins);
}

}  // namespace
}  // namespace latchkey::credential
