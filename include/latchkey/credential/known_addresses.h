// KnownAddresses: the seam to the memory of where users have logged in from. A stranger elsewhere who fails
// in a user's name cannot lock the user out there (C-20). An address is forgotten with the password and the
// user that it was learnt by.
// Thread: one object per core thread, used by that thread's coroutines only.
// Errors: kUnavailable, kOverloaded and kFatal from the implementation.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/task.h"

namespace latchkey::credential {

/// A keyed hash of a user's name and an address, which reveals neither. The holder of the key makes it.
using KnownAddressHash = std::array<std::uint8_t, 16>;

/// How long an address stays known after a login (C-20).
inline constexpr std::chrono::milliseconds kKnownAddressLife = std::chrono::days(30);
/// A login is recorded again only this long after the last recorded one: at most one commit per pair and day.
inline constexpr std::chrono::milliseconds kKnownAddressRenewal = std::chrono::days(1);

/// A user who logged in, and the number of their password then (User::password_number).
struct KnownUser {
  std::int64_t id = 0;
  std::int64_t password_number = 0;
};

class KnownAddresses {
 public:
  virtual ~KnownAddresses() = default;

  /// Whether the present user of this name is active and logged in within kKnownAddressLife with the present
  /// password. `hash` is made from `name` and the address.
  virtual runtime::Task<Result<bool>> knows(KnownAddressHash hash, std::string name, WallTime now) = 0;

  /// Remembers a login at `now`, durably, unless one within the last kKnownAddressRenewal is remembered.
  /// Keeps a bounded number of addresses per user, the latest.
  virtual runtime::Task<Result<void>> remember(KnownAddressHash hash, KnownUser user, WallTime now) = 0;
};

}  // namespace latchkey::credential
