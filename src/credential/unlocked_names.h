// UnlockedNames: the user names whose failures are counted by name and address alone for a window, because an
// administrator has just let their users in again (C-20). A part of the Throttle, which owns it: any thread
// may look, one thread at a time unlocks. A table of fixed size, read without a lock or an allocation.
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
  /// A name has its bucket by a keyed hash, and any slot in it. With a thousand names unlocked at once a
  /// bucket holds 8 on average, and one of 32 is full about never.
  static constexpr std::size_t kBuckets = 128;
  static constexpr std::size_t kSlotsPerBucket = 32;

  /// After `sodium_init`.
  explicit UnlockedNames(Random& random);

  /// Unlocks the name from `now` on for `window_ms`; for one that is unlocked already its window begins anew.
  /// False where there is no room for it. Every thread that looks after this has returned sees it.
  bool unlock(std::string_view name, std::int64_t window_ms, BootTime now) noexcept;

  /// 0 where the name is not unlocked; otherwise a number that tells this unlocking of it from all others.
  std::int64_t mark_of(std::string_view name, BootTime now) const noexcept;

 private:
  struct Slot {
    std::atomic<std::uint64_t> name{0};     ///< its hash
    std::atomic<std::int64_t> until_ms{0};  ///< past: the slot is free
  };

  std::uint64_t hash_of(std::string_view name) const noexcept;

  SecretBytes<16> hash_key_;
  std::vector<Slot> slots_;
  std::atomic<std::int64_t> last_until_ms_{0};  ///< past it nobody need look further
};

}  // namespace latchkey::credential
