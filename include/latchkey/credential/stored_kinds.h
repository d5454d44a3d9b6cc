// StoredKinds: the kinds of password hashes in the directory, so that a refused login waits for the slowest
// (C-14).
// Thread: the main thread at start, on a database of its own.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "credential/refusal_step.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/hash_scheme.h"
#include "latchkey/store/database.h"

namespace latchkey::credential {

/// The most rows that are looked at.
inline constexpr std::size_t kMaxKindLooks = 256;
/// After this time, no further kind is measured.
inline constexpr std::chrono::milliseconds kMaxMeasuring{20'000};

struct StoredKinds {
  std::vector<std::string> hashes;  ///< one of each kind (hash_kind) that can be verified
  bool is_complete = true;          ///< false if a bound was reached
};

/// Costs two index look-ups per kind, for any number of users: after the first hash of a kind, the search
/// continues in the index where that kind ends. Hashes that cannot be verified are stepped over one by one,
/// at most kMaxKindLooks. No login with such a hash takes longer than one of an unknown user.
Result<StoredKinds> find_stored_kinds(store::Database& database);

/// Finds the kinds and measures each. It logs what is not measured because a bound is reached or memory is
/// short. The server can still run, but the time of a refusal may then reveal something.
/// Errors: those of the database.
Result<void> measure_stored_kinds(store::Database& database, RefusalStep& step, const Clock& clock, Log& log);

/// How many users have a hash of each scheme, by scheme_place.
using StoredSchemes = std::array<std::int64_t, kMaxSchemes>;
Result<StoredSchemes> count_stored_schemes(store::Database& database);

}  // namespace latchkey::credential
