// C-14: the time of a refusal reveals neither whether the user exists, nor whether they are inactive, nor
// which scheme their hash has. The rule is about time, so this is the one test that asserts it: not how long
// a refusal takes, but that it takes as long whatever was wrong.
#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {
namespace {

using std::chrono::duration;
using std::chrono::microseconds;
using std::chrono::steady_clock;

/// A kind of login that must be refused.
struct Kind {
  std::string name;  ///< of the user
  std::string hash;  ///< imported; empty if the user is made differently or not at all
  bool is_inactive = false;
  std::string password = "wrong";
};

/// No password has these salts and digests. A login that is refused is verified all the same.
std::string nonsense(std::size_t characters) { return std::string(characters, 'A'); }

// A user for each scheme, taking from one millisecond to some fifteen. The most expensive is there twice,
// once inactive.
const std::string kDearest = "pbkdf2_sha256$40000$seasalt$" + nonsense(43) + "=";
const std::vector<Kind> kKinds = {
    {kUser, ""},
    {"argon2id", "$argon2id$v=19$m=4096,t=2,p=1$" + nonsense(22) + "$" + nonsense(43)},
    {"pbkdf2", kDearest},
    {"bcrypt", "$2b$06$" + nonsense(21) + "." + nonsense(31)},
    {"bcrypt_sha256", "bcrypt_sha256$$2b$07$" + nonsense(21) + "." + nonsense(31)},
    {"scrypt", "$7$96..../....salt$" + nonsense(43)},
    {"yescrypt", "$y$j75$" + nonsense(20) + "$" + nonsense(43)},
    {"sha512", "$6$rounds=3000$salt$" + nonsense(86)},
    {"inactive", "", true},
    {"inactive_right", "", true, kPassword},
    {"inactive_pbkdf2", kDearest, true},
    {"nobody", ""},
};

// Logins of the most expensive kind that an attacker sends ahead of their own login, so that it waits for the
// one worker. The cost of a refusal shows if its time is not rounded up to a step of its own.
constexpr std::size_t kMostAhead = 3;
constexpr int kMostPauseUs = 15'000;
constexpr std::size_t kRounds = 22;
constexpr std::size_t kFewestRounds = 12;
constexpr auto kTimePerTry = std::chrono::seconds(30);
// Nobody can see a smaller difference through a network in so many logins.
constexpr double kVisibleMs = 2;
// If other processes use more than this of the CPUs, a try tells less. A verification that is delayed by
// longer than it takes moves into another step, and how long it takes decides how often that happens.
constexpr double kMostOthersCpus = 0.15;
constexpr double kVisibleOnABusyMachineMs = 8;
// By chance alone one try in a hundred is suspicious, and hardly ever three in a row for the same kind.
constexpr double kSuspicious = 0.01;
constexpr int kTries = 3;
constexpr int kPermutations = 2000;

/// A round is one login of each kind under the same conditions, as its difference from the round's median.
using Round = std::vector<double>;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The mean without a tenth at each end, which is due to the machine.
double trimmed_mean(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto cut = static_cast<std::ptrdiff_t>(values.size() / 10);
  const double sum = std::accumulate(values.begin() + cut, values.end() - cut, 0.0);
  return sum / static_cast<double>(static_cast<std::ptrdiff_t>(values.size()) - 2 * cut);
}

/// How much later each kind is answered than the others.
std::vector<double> differences(const std::vector<Round>& rounds) {
  std::vector<double> of_kinds;
  std::vector<double> values(rounds.size());
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    std::transform(rounds.begin(), rounds.end(), values.begin(),
                   [kind](const Round& round) { return round[kind]; });
    of_kinds.push_back(trimmed_mean(values));
  }
  return of_kinds;
}

double greatest(const std::vector<double>& of_kinds) {
  double most = 0;
  for (const double difference : of_kinds) most = std::max(most, std::abs(difference));
  return most;
}

/// The probability that some kind differs by this much although all are alike. Any order within a round would
/// then be equally likely.
double chance_of(double difference, std::vector<Round> rounds, std::mt19937& dice) {
  int as_great = 0;
  for (int i = 0; i < kPermutations; ++i) {
    for (Round& round : rounds) std::shuffle(round.begin(), round.end(), dice);
    if (greatest(differences(rounds)) >= difference) ++as_great;
  }
  return (as_great + 1.0) / (kPermutations + 1.0);
}

double cpu_seconds(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

/// What all CPUs have worked, including stolen time; nothing if the kernel does not say.
std::optional<double> all_cpu_seconds() {
  std::ifstream file("/proc/stat");
  std::string word;
  double user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft_irq = 0, steal = 0;
  if (!(file >> word >> user >> nice >> system >> idle >> wait >> irq >> soft_irq >> steal)) return {};
  return (user + nice + system + irq + soft_irq + steal) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

class RefusalTimes {
 public:
  RefusalTimes() {
    for (const Kind& kind : kKinds) prepare(kind);
    for (std::size_t i = 0; i <= kMostAhead; ++i) clients_.emplace_back(server_.process.port());
    for (const Kind& kind : kKinds) time_of(kind, 0, {});
  }

  std::vector<Round> measure() {
    std::vector<Round> rounds;
    std::vector<std::size_t> order(kKinds.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto end = steady_clock::now() + kTimePerTry;
    while (rounds.size() < kRounds && steady_clock::now() < end) {
      const std::size_t ahead = rounds.size() % (kMostAhead + 1);
      const microseconds pause(ahead == 0 ? 0 : std::uniform_int_distribution<int>(0, kMostPauseUs)(dice_));
      std::shuffle(order.begin(), order.end(), dice_);
      Round round(kKinds.size());
      for (const std::size_t kind : order) round[kind] = time_of(kKinds[kind], ahead, pause);
      const double middle = median(round);
      for (double& time : round) time -= middle;
      rounds.push_back(std::move(round));
    }
    return rounds;
  }

  std::mt19937& dice() { return dice_; }
  pid_t server_pid() const { return server_.process.pid(); }

 private:
  void prepare(const Kind& kind) {
    const auto& data = server_.process.data();
    if (!kind.hash.empty()) {
      const Finished added =
          run_latchkey(data, {"user", "add", kind.name, "--password-hash-stdin"}, kind.hash + "\n");
      if (added.status != 0) throw std::runtime_error(kind.name + ": " + added.errors);
    } else if (kind.is_inactive) {
      add_user(data, kind.name, kPassword);
    }
    if (kind.is_inactive) {
      EXPECT_EQ(run_latchkey(data, {"user", "disable", kind.name}).status, 0) << kind.name;
    }
  }

  static std::string login_of(const std::string& name, const std::string& password) {
    return request_bytes("POST", kTokenPath, {{"Content-Type", kJsonType}}, login_json(name, password));
  }

  /// Milliseconds from the request to its refusal.
  double time_of(const Kind& kind, std::size_t ahead, microseconds pause) {
    for (std::size_t i = 1; i <= ahead; ++i) clients_[i].send(login_of("pbkdf2", "wrong"));
    std::this_thread::sleep_for(pause);
    const auto began = steady_clock::now();
    clients_[0].send(login_of(kind.name, kind.password));
    const Response response = clients_[0].receive();
    const duration<double, std::milli> took = steady_clock::now() - began;
    EXPECT_EQ(response.status, 400) << kind.name;
    EXPECT_EQ(response.body, kUnableToLogIn) << kind.name;
    for (std::size_t i = 1; i <= ahead; ++i) clients_[i].receive();
    return took.count();
  }

  OwnServer server_{{.flags = {"--hash-threads", "1", "--log-level", "warning"}}};
  std::vector<HttpClient> clients_;
  std::mt19937 dice_{std::random_device{}()};
};

/// The kinds that a try makes suspicious: 1 if a kind is answered later than the others, -1 if sooner.
std::vector<int> suspicions(const std::vector<double>& of_kinds, double chance, double visible_ms) {
  std::vector<int> signs(of_kinds.size(), 0);
  if (chance > kSuspicious) return signs;
  std::transform(of_kinds.begin(), of_kinds.end(), signs.begin(), [visible_ms](double difference) {
    if (std::abs(difference) < visible_ms) return 0;
    return difference > 0 ? 1 : -1;
  });
  return signs;
}

TEST(C14, TheTimeOfARefusalTellsNothingOfTheUser) {
  RefusalTimes times;
  std::vector<int> suspected;
  std::string told;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const auto others_cpu = [&times]() -> std::optional<double> {
      const std::optional<double> all = all_cpu_seconds();
      if (!all) return {};
      return *all - cpu_seconds(times.server_pid()) - cpu_seconds(::getpid());
    };
    const auto began = steady_clock::now();
    const std::optional<double> others_before = others_cpu();
    const std::vector<Round> rounds = times.measure();
    const std::optional<double> others_after = others_cpu();
    if (rounds.size() < kFewestRounds)
      GTEST_SKIP() << "the machine is too slow: " << rounds.size() << " rounds";
    const duration<double> took = steady_clock::now() - began;
    const double others = others_before ? (*others_after - *others_before) / took.count() : 0;

    const std::vector<double> of_kinds = differences(rounds);
    const double chance = chance_of(greatest(of_kinds), rounds, times.dice());
    told += "try " + std::to_string(attempt) + ": chance " + std::to_string(chance) + ", others used " +
            std::to_string(others) + " CPUs, ms later than the others:";
    for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
      told += ' ' + kKinds[kind].name + ' ' + std::to_string(of_kinds[kind]);
    }
    told += '\n';

    const std::vector<int> signs =
        suspicions(of_kinds, chance, others > kMostOthersCpus ? kVisibleOnABusyMachineMs : kVisibleMs);
    // A real difference shows again, for the same kind and in the same direction.
    if (suspected.empty()) suspected = signs;
    std::transform(suspected.begin(), suspected.end(), signs.begin(), suspected.begin(),
                   [](int before, int now) { return before == now ? now : 0; });
    if (std::all_of(suspected.begin(), suspected.end(), [](int sign) { return sign == 0; })) {
      std::cout << told;
      return;
    }
  }
  FAIL() << told;
}

}  // namespace
}  // namespace latchkey::test
