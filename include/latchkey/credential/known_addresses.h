// KnownAddresses: the seam to what remembers from where a user has logged in, so that a stranger elsewhere
// who fails in his name cannot lock him out there (C-20). What is remembered ends with the password and the
// user that it was learnt by. One object a core thread, used by that thread's coroutines only. Errors:
// kUnavailable, kOverloaded, kFatal of what stands behind it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/task.h"

namespace latchkey::credential {

/// Stands for a user's name and an address, and tells neither: a keyed hash of both, made by who has the key.
using KnownAddressHash = std::array<std::uint8_t, 16>;

/// How long after a login its address is known (C-20).
inline constexpr std::int64_t kKnownAddressMs = std::int64_t{30} * 86'400'000;
/// A login is written down again only this long after the last one that was: a commit a pair and day.
inline constexpr std::int64_t kKnownAddressRenewalMs = 86'400'000;

/// Who logged in: a user, and what he had for a password (User::password_number).
struct KnownUser {
  std::int64_t id = 0;
  std::int64_t password_number = 0;
};

class KnownAddresses {
 public:
  virtual ~KnownAddresses() = default;

  /// Whether who is now the user of this name, and active, logged in within kKnownAddressMs with the password
  /// that he has now. `name` and address are what `hash` is of.
  virtual runtime::Task<Result<bool>> knows(KnownAddressHash hash, std::string name, WallTime now) = 0;

  /// Remembers a login of `now`, durably, unless one of the last kKnownAddressRenewalMs is remembered. Of a
  /// user's addresses a bounded number is kept, the latest.
  virtual runtime::Task<Result<void>> remember(KnownAddressHash hash, KnownUser user, WallTime now) = 0;
};

}  // namespace latchkey::credential
