// UnlockedNames: the user names whose failures are counted only by name and address together for one window,
// because an administrator has just let their users in again (C-20). It is a table of fixed size, read
// without a lock or an allocation. The Throttle owns it.
// Thread: any thread may look; one thread at a time unlocks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/random.h"
#include "latchkey/base/secret.h"

namespace latchkey::credential {

class UnlockedNames {
 public:
  /// A keyed hash gives a name its bucket; it may have any slot there. With a thousand names unlocked at
  /// once, a bucket holds 8 on average, and one of 32 is almost never full.
  static constexpr std::size_t kBuckets = 128;
  static constexpr std::size_t kSlotsPerBucket = 32;

  /// Requires: `sodium_init` has been called.
  explicit UnlockedNames(Random& random);

  /// Unlocks the name from `now` on for `window_ms`. If it is unlocked already, its window begins anew.
  /// Returns false if there is no room for it. Every thread that looks after this has returned sees it.
  bool unlock(std::string_view name, std::int64_t window_ms, BootTime now) noexcept;

  /// 0 if the name is not unlocked; otherwise a number that distinguishes this unlocking of it from all
  /// others.
  std::int64_t mark_of(std::string_view name, BootTime now) const noexcept;

 private:
  struct Slot {
    std::atomic<std::uint64_t> name{0};     ///< its hash
    std::atomic<std::int64_t> until_ms{0};  ///< the slot is free after this
  };

  std::uint64_t hash_of(std::string_view name) const noexcept;

  SecretBytes<16> hash_key_;
  std::vector<Slot> slots_;
  std::atomic<std::int64_t> last_until_ms_{0};  ///< after this nobody need look further
};

}  // namespace latchkey::credential
