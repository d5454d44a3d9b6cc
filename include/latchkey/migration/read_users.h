// Reads users out of the files of other programs. The text may be anything: what is not understood is refused
// by user where one can be told, and as a whole otherwise.
// Thread: any. All are pure functions, except read_django_database, which reads a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "migration/foreign_user.h"

namespace latchkey::migration {

enum class Source : std::uint8_t { kDjango, kHtpasswd, kShadow, kAuthelia, kLdif, kKeycloak, kLatchkey };

/// `awx` is kDjango. Nothing for any other name.
std::optional<Source> source_named(std::string_view name) noexcept;
/// All names, separated by commas.
std::string source_names();

struct ReadOptions {
  std::string passwd{};       ///< shadow: the text of passwd, for names of people and numbers; empty: none
  bool system_users = false;  ///< shadow: also those whose number is below 1000
  WallTime now{};             ///< shadow: whose account has expired by then is disabled
};

/// Users in the order of the file. A name that stands twice is refused the second time; two that differ only
/// in case have a note each.
/// Errors: kInvalid if the text as a whole is not of the source, or beyond the bounds.
Result<std::vector<ForeignUser>> read_users(Source source, std::string_view text, const ReadOptions& options);

/// Whether a file begins as SQLite's do.
bool is_sqlite(std::string_view text) noexcept;

/// The users in Django's own SQLite file, which is only read. `table` is that of the users, `auth_user`
/// unless the project has its own.
/// Errors: kInvalid if there is no such table; those of the database.
Result<std::vector<ForeignUser>> read_django_database(const std::filesystem::path& path,
                                                      std::string_view table);

}  // namespace latchkey::migration
