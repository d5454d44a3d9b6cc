#include "latchkey/credential/stored_kinds.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "latchkey/credential/hash_scheme.h"
#include "latchkey/credential/user_table.h"

namespace latchkey::credential {

namespace {

/// The first text, in byte order, after all texts that begin with `prefix`.
/// Requires: `prefix` ends in ASCII.
std::string behind(std::string_view prefix) {
  std::string text(prefix);
  ++text.back();
  return text;
}

bool holds(const std::vector<std::string>& hashes, std::string_view kind) {
  return std::any_of(hashes.begin(), hashes.end(), [kind](const std::string& hash) {
    return hash_kind(hash).value_or(std::string_view()) == kind;
  });
}

/// Walks the hashes that begin with `prefix`.
Result<void> find_kinds_of(store::Database& database, std::string_view prefix, std::size_t& looks,
                           StoredKinds& found) {
  const std::string end = behind(prefix);
  for (std::string from(prefix); from < end;) {
    if (looks == kMaxKindLooks) {
      found.is_complete = false;
      return {};
    }
    ++looks;
    LATCHKEY_TRY(std::optional<user_table::IndexedHash> first,
                 user_table::first_hash_from(database, from, end));
    if (!first.has_value()) return {};
    user_table::IndexedHash& row = *first;
    const Result<std::string_view> kind = hash_kind(row.hash);
    if (kind) {
      from = behind(*kind);
      if (!holds(found.hashes, *kind)) found.hashes.push_back(std::move(row.hash));
    } else {
      // No text lies between the two.
      from = row.indexed + '\0';
    }
  }
  return {};
}

}  // namespace

Result<StoredKinds> find_stored_kinds(store::Database& database) {
  StoredKinds found;
  std::size_t looks = 0;
  for (const std::string_view prefix : hash_prefixes()) {
    LATCHKEY_TRY(find_kinds_of(database, prefix, looks, found));
  }
  return found;
}

Result<StoredSchemes> count_stored_schemes(store::Database& database) {
  StoredSchemes counts{};
  const std::vector<std::string_view> prefixes = hash_prefixes();
  for (const std::string_view prefix : prefixes) {
    // What begins with another prefix of the same scheme is counted there.
    const bool is_within = std::any_of(prefixes.begin(), prefixes.end(), [prefix](std::string_view other) {
      return other.size() < prefix.size() && prefix.starts_with(other);
    });
    if (is_within) continue;
    LATCHKEY_TRY(const std::int64_t count, user_table::count_hashes_from(database, prefix, behind(prefix)));
    counts[scheme_place(prefix)] += count;
  }
  return counts;
}

Result<void> measure_stored_kinds(store::Database& database, RefusalStep& step, const Clock& clock,
                                  Log& log) {
  LATCHKEY_TRY(const StoredKinds found, find_stored_kinds(database));
  const BootTime began = clock.boot();
  std::size_t unmeasured = 0;
  std::string reason = "the users' password hashes are of too many kinds";
  for (const std::string& hash : found.hashes) {
    if (clock.boot() - began > kMaxMeasuring) {
      reason = "measuring took too long";
      ++unmeasured;
    } else if (const Result<void> measured = step.measure(hash, clock); !measured) {
      reason = measured.error().text;
      ++unmeasured;
    }
  }
  if (unmeasured == 0 && found.is_complete) return {};
  LogEvent(log, LogLevel::kWarning, "login.kinds_not_measured")
      .field("measured", found.hashes.size() - unmeasured)
      .field("step_ms", step.ms())
      .field("effect", "the time of a refused login may tell that a user exists")
      .field("remedy", "replace or remove the users whose hashes are dear; logging in replaces them")
      .text("reason", reason);
  return {};
}

}  // namespace latchkey::credential
