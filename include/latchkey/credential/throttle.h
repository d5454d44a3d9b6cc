// Throttle: limits how often a login may fail, by address, by user and address together, and by user (C-20).
// What it knows is in memory alone: a restart forgives. Every call is a bounded number of steps on atomics,
// without a lock, an allocation or a clock of its own.
// Thread: one object, made at start and shared by all core threads.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "credential/unlocked_names.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/random.h"
#include "latchkey/base/secret.h"

namespace latchkey::credential {

/// A key may fail this often at once, and as often again in each window. 0 switches that kind of key off.
struct ThrottleSettings {
  std::size_t failures_by_user = 10;
  std::size_t failures_by_address = 50;
  std::int64_t window_ms = 300'000;

  bool operator==(const ThrottleSettings&) const = default;
};

/// Meters the failures of keys of one kind. Each key is a bucket of the generic cell rate algorithm (ATM
/// Forum, Traffic Management 4.0). A bucket is one number, the theoretical arrival time. A charge moves it on
/// by `window / failures`, and it must not be further ahead than `failures - 1` such steps.
///
/// The numbers are kept in a sketch of fixed size: four rows of cells. In each row a key has the cell that a
/// keyed hash names (count-min: Cormode and Muthukrishnan, 2005). A charge goes to all four cells, and the
/// smallest of them is the key's number. Cells never hold less than the key's own charges. Keys that share a
/// cell can therefore cause a refusal too early, but never let one more guess through. The hash's key is
/// random and belongs to the process, so nobody can aim at another's cells. A too early refusal takes a
/// collision in all four rows at once, and every charge that stays has cost a hash of the pool (except in
/// Throttle::by_question, whose step is short). That bounds how full an attacker who sprays names can make
/// the sketch. With h hashes per second and a step of s seconds, a row holds h * s live charges. Cells are
/// seldom shared while that stays below half of kCellsPerRow. At the defaults that is 2,184 hashes per
/// second: some fifty processors that do nothing else. Charges are plain additions. The conservative update
/// of Estan and Varghese would overestimate less, but cannot be taken back.
///
/// Bounds, for c threads and logins in progress for at most d seconds: a key fails at most `failures + c - 1`
/// times at once, because each of c threads may find the last place free in the same instant; what it takes
/// is charged all the same. Over t seconds it fails at most `(t + d) / step` times more. The d is there
/// because a charge that is taken back may have run down meanwhile.
class FailureMeter {
 public:
  static constexpr std::size_t kRows = 4;
  static constexpr std::size_t kCellsPerRow = std::size_t{1} << 17;
  /// The upper bound of the setting: more failures would make a step shorter than a microsecond.
  static constexpr std::size_t kMaxFailures = 1'000'000;
  static constexpr std::int64_t kMinWindowMs = 1000;
  static constexpr std::int64_t kMaxWindowMs = 86'400'000;

  /// A key's cells.
  using Place = std::array<std::uint32_t, kRows>;

  /// Takes 4 MiB, and touches them, unless it is switched off.
  /// Requires: `sodium_init` has been called.
  FailureMeter(std::size_t failures, std::int64_t window_ms, Random& random);

  bool is_on() const noexcept { return step_us_ != 0; }

  Place place_of(std::span<const std::uint8_t> key) const noexcept;
  Place place_of(std::string_view key) const noexcept;

  /// Charges the key for an attempt that is about to be made, and returns 0. Or charges nothing, and returns
  /// how many milliseconds (at least 1) the key must wait, provided that nobody else tries meanwhile.
  std::int64_t charge(const Place& place, BootTime now) noexcept;

  /// Undoes one charge.
  void take_back(const Place& place) noexcept;

 private:
  void add(std::atomic<std::int64_t>& cell, std::int64_t now_us) const noexcept;

  const std::int64_t step_us_;       ///< 0: switched off
  const std::int64_t tolerance_us_;  ///< how far ahead a key's time may be for one more charge
  SecretBytes<16> hash_key_;
  /// The rows, one after another, in microseconds of boot time. A time in the past is as good as nothing.
  std::vector<std::atomic<std::int64_t>> cells_;
};

/// Attempts that were refused.
/// Thread: any counts and reads.
struct ThrottleMetrics {
  std::atomic<std::uint64_t> by_user{0};
  std::atomic<std::uint64_t> by_pair{0};
  std::atomic<std::uint64_t> by_address{0};
};

class Throttle {
 public:
  /// Requires: `sodium_init` has been called.
  /// Counts what it refuses in `metrics`, or of its own if that is null.
  /// Lifetime: `metrics` outlives it.
  Throttle(const ThrottleSettings& settings, Random& random, ThrottleMetrics* metrics = nullptr)
      : settings_(settings),
        by_user_(settings.failures_by_user, settings.window_ms, random),
        by_address_(settings.failures_by_address, settings.window_ms, random),
        by_pair_(settings.failures_by_user, settings.window_ms, random),
        by_question_(questions_at_once(settings), window_of_questions(settings), random),
        unlocked_(random),
        metrics_(metrics != nullptr ? *metrics : own_metrics_) {}

  const ThrottleSettings& settings() const noexcept { return settings_; }

  /// A key is the name as the request gives it, whether or not such a user exists.
  FailureMeter& by_user() noexcept { return by_user_; }
  /// A key is the 16 bytes of the address, without the bits that tell apart the machines of one network.
  FailureMeter& by_address() noexcept { return by_address_; }
  /// A key is a name and an address together, plus the name's mark if it is unlocked, so that each unlocking
  /// begins with nothing charged from any address. It allows as many failures as by user.
  FailureMeter& by_pair() noexcept { return by_pair_; }
  /// Has the keys of `by_pair`. It limits how often the store may be asked whether the address is known.
  /// A charge here has cost no hash, so it must be gone soon. At one second per charge, the charges of 65,536
  /// questions per second fill no more of the sketch than it can take.
  FailureMeter& by_question() noexcept { return by_question_; }
  ThrottleMetrics& metrics() noexcept { return metrics_; }

  /// For one window from now on, `by_pair` is the only meter by name that meters the name. Returns false if
  /// there is no room for another unlocked name.
  /// Thread: one at a time, the admin socket's.
  bool unlock(std::string_view name, BootTime now) noexcept {
    return unlocked_.unlock(name, settings_.window_ms, now);
  }
  const UnlockedNames& unlocked() const noexcept { return unlocked_; }

 private:
  static constexpr std::size_t kMostQuestionsAtOnce = 10;
  static constexpr std::int64_t kMsPerQuestion = 1000;

  static std::size_t questions_at_once(const ThrottleSettings& settings) noexcept {
    return std::min(settings.failures_by_user, kMostQuestionsAtOnce);
  }
  static std::int64_t window_of_questions(const ThrottleSettings& settings) noexcept {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(questions_at_once(settings))) * kMsPerQuestion;
  }

  const ThrottleSettings settings_;
  FailureMeter by_user_;
  FailureMeter by_address_;
  FailureMeter by_pair_;
  FailureMeter by_question_;
  UnlockedNames unlocked_;
  ThrottleMetrics own_metrics_;
  ThrottleMetrics& metrics_;
};

}  // namespace latchkey::credential
