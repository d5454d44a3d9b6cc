// Takes users from another program into the directory, many in one transaction (`latchkey user import`).
// Thread: the store's thread, through SqliteDirectory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/credential/user.h"
#include "latchkey/store/database.h"
#include "latchkey/store/session.h"

namespace latchkey::credential {

/// The most users of one import.
inline constexpr std::size_t kMaxImportedUsers = 100'000;

/// What is absent stays as it is in a user who is there, and is empty, or as for any new user, in one who is
/// not.
struct ImportedUser {
  std::string name;
  std::optional<std::string> password_hash;
  std::optional<bool> active;
  std::optional<bool> superuser;
  std::optional<std::string> first_name;
  std::optional<std::string> last_name;
  std::optional<std::string> email;
  std::optional<std::vector<std::string>> groups;
};

struct ImportRules {
  bool update = false;   ///< change users who are there
  bool dry_run = false;  ///< say what would be done, and do nothing
  /// The hash of a new user who has none: of a password that nobody knows.
  std::string unusable_hash;
  WallTime now{};
};

enum class ImportOutcome : std::uint8_t { kAdded, kUpdated, kKept, kRefused };
std::string_view name_of(ImportOutcome outcome) noexcept;

struct ImportedAs {
  ImportOutcome outcome = ImportOutcome::kKept;
  std::string why;  ///< of kKept and kRefused
};

/// What is to be done about the tokens of users who were changed.
struct ImportEffect {
  User user;                        ///< as changed
  std::optional<store::Death> end;  ///< why all tokens end, if they do
  bool has_other_profile = false;
};

struct ImportResult {
  std::vector<ImportedAs> users;  ///< in the order of those given
  std::vector<ImportEffect> effects;
};

/// Errors: those of the database, which undo all. A user who cannot be taken is an outcome.
Result<ImportResult> import_users(store::Database& database, const std::vector<ImportedUser>& users,
                                  const ImportRules& rules);

}  // namespace latchkey::credential
