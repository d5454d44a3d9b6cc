// Which kinds of password hashes stand in the directory, so that a refused login waits for the slowest
// (C-14). Used by the main thread at start, on a database of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "credential/refusal_step.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/store/database.h"

namespace latchkey::credential {

/// Rows that are looked at, at most.
inline constexpr std::size_t kMaxKindLooks = 256;
/// Once this time has passed, no other kind is measured.
inline constexpr std::int64_t kMaxMeasuringMs = 20'000;

struct StoredKinds {
  std::vector<std::string> hashes;  ///< one of each kind (hash_kind) that can be verified
  bool is_complete = true;          ///< false: a bound was reached
};

/// Costs two index look-ups a kind, however many users there are: behind the first hash of a kind the index
/// is entered again where that kind ends. Hashes that cannot be verified are stepped over one by one; they
/// are bounded by kMaxKindLooks, and no login of theirs takes longer than an unknown user's.
Result<StoredKinds> find_stored_kinds(store::Database& database);

/// Finds the kinds and measures each. What is not measured, because a bound is reached or memory is short, is
/// logged: the server can run all the same, but a refusal may tell something by its time. Errors are the
/// database's.
Result<void> measure_stored_kinds(store::Database& database, RefusalStep& step, const Clock& clock, Log& log);

}  // namespace latchkey::credential
