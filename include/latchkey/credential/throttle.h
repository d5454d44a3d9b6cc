// Throttle: how often a login may fail, by address, by user and address together, and by user (C-20). One
// object, made at start and shared by all core threads; every call is a bounded number of steps on atomics,
// without a lock, an allocation or a clock of its own. What it knows is in memory alone: a restart forgives.
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

/// A key may fail this often at once, and as often again in each window; 0 switches that kind of key off.
struct ThrottleSettings {
  std::size_t failures_by_user = 10;
  std::size_t failures_by_address = 50;
  std::int64_t window_ms = 300'000;
};

/// Meters the failures of keys of one kind. Each key is a bucket of the generic cell rate algorithm (ATM
/// Forum, Traffic Management 4.0): one number, the theoretical arrival time, which a charge moves on
/// by `window / failures` and which must not be further ahead than `failures - 1` such steps.
///
/// The numbers stand in a sketch of fixed size: four rows of cells, in each of which a key has the cell that
/// a keyed hash names (count-min: Cormode and Muthukrishnan, 2005). A charge goes to all four, and the least
/// counts. Cells only ever hold more than the key's own charges, so keys that meet in a cell can make a
/// refusal come too early, never let a guess more through. The hash's key is random and the process's own, so
/// nobody can aim at another's cells; it takes a meeting in all four rows at once, and every charge that
/// stays has cost a hash of the pool (but for Throttle::by_question, whose step is short). That bounds how
/// full an attacker who sprays names can make the sketch: with h hashes a second and a step of s seconds a
/// row holds h * s live charges, so cells are seldom shared while that stays below half of kCellsPerRow. At
/// the defaults it is 2,184 hashes a second, some fifty processors that do nothing else. Charges are plain
/// additions, not the conservative update of Estan and Varghese, which overestimates less but cannot be taken
/// back.
///
/// Bounds, for c threads and logins that are under way for at most d seconds: a key fails at most
/// `failures + c - 1` times at once (each of c threads may find the last place free in the same instant; what
/// it takes is charged all the same), and over t seconds at most `(t + d) / step` times more (d, because a
/// charge that is taken back may have run down meanwhile).
class FailureMeter {
 public:
  static constexpr std::size_t kRows = 4;
  static constexpr std::size_t kCellsPerRow = std::size_t{1} << 17;
  /// Where the settings' bounds end: more failures would make a step shorter than a microsecond.
  static constexpr std::size_t kMaxFailures = 1'000'000;
  static constexpr std::int64_t kMinWindowMs = 1000;
  static constexpr std::int64_t kMaxWindowMs = 86'400'000;

  /// A key's cells.
  using Place = std::array<std::uint32_t, kRows>;

  /// Takes 4 MiB, and touches them, unless it is switched off. After `sodium_init`.
  FailureMeter(std::size_t failures, std::int64_t window_ms, Random& random);

  bool is_on() const noexcept { return step_us_ != 0; }

  Place place_of(std::span<const std::uint8_t> key) const noexcept;
  Place place_of(std::string_view key) const noexcept;

  /// Charges the key for an attempt that is about to be made, and gives 0; or charges nothing, and gives how
  /// many milliseconds (at least 1) it is until the key may try again, if nobody else does meanwhile.
  std::int64_t charge(const Place& place, BootTime now) noexcept;

  /// Undoes one charge.
  void take_back(const Place& place) noexcept;

 private:
  void add(std::atomic<std::int64_t>& cell, std::int64_t now_us) const noexcept;

  const std::int64_t step_us_;       ///< 0: switched off
  const std::int64_t tolerance_us_;  ///< how far ahead a key's time may be for it to be charged once more
  SecretBytes<16> hash_key_;
  /// The rows one behind the other. Microseconds of boot time; what is past is as good as nothing.
  std::vector<std::atomic<std::int64_t>> cells_;
};

/// Attempts that were refused. Any thread may read them. Tests do; nothing in the server does.
struct ThrottleMetrics {
  std::atomic<std::uint64_t> by_user{0};
  std::atomic<std::uint64_t> by_address{0};
};

class Throttle {
 public:
  /// After `sodium_init`.
  Throttle(const ThrottleSettings& settings, Random& random)
      : settings_(settings),
        by_user_(settings.failures_by_user, settings.window_ms, random),
        by_address_(settings.failures_by_address, settings.window_ms, random),
        by_pair_(settings.failures_by_user, settings.window_ms, random),
        by_question_(questions_at_once(settings), window_of_questions(settings), random),
        unlocked_(random) {}

  const ThrottleSettings& settings() const noexcept { return settings_; }

  /// A key is the name as the request gives it, of a user that exists or not.
  FailureMeter& by_user() noexcept { return by_user_; }
  /// A key is the address's 16 bytes, without what tells apart the machines of one network.
  FailureMeter& by_address() noexcept { return by_address_; }
  /// A key is a name and an address together, and the name's mark where it is unlocked: so each unlocking
  /// begins with nothing charged, from whatever address. As many failures as by user.
  FailureMeter& by_pair() noexcept { return by_pair_; }
  /// The same keys: how often the store may be asked whether the address is known for the user. What is
  /// charged here has cost no hash, so it must be gone soon: with a second a charge, those of 65,536
  /// questions a second fill no more of the sketch than it can take.
  FailureMeter& by_question() noexcept { return by_question_; }
  ThrottleMetrics& metrics() noexcept { return metrics_; }

  /// From now on for a window the name is metered by `by_pair` alone of the meters by name. False where as
  /// many names are unlocked as there is room for. Thread: one at a time, the admin socket's.
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
  ThrottleMetrics metrics_;
};

}  // namespace latchkey::credential
