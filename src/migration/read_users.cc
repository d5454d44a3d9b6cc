#include "latchkey/migration/read_users.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>

#include "latchkey/base/utf8.h"
#include "migration/readers.h"

namespace latchkey::migration {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

struct Row {
  std::string_view name;
  Source source;
  Users (*read)(std::string_view text, const ReadOptions& options);
};

constexpr std::array kRows = {
    Row{"django", Source::kDjango, read_django},       Row{"awx", Source::kDjango, read_django},
    Row{"htpasswd", Source::kHtpasswd, read_htpasswd}, Row{"shadow", Source::kShadow, read_shadow},
    Row{"authelia", Source::kAuthelia, read_authelia}, Row{"ldif", Source::kLdif, read_ldif},
    Row{"keycloak", Source::kKeycloak, read_keycloak}, Row{"latchkey", Source::kLatchkey, read_latchkey}};

/// What two names have in common that differ in case or in Unicode's form alone. Of a text that is not UTF-8,
/// the text.
std::string folded(const std::string& name) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t bytes = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(name.data()), static_cast<utf8proc_ssize_t>(name.size()),
      &mapped, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (bytes < 0) return name;
  return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(bytes)};
}

void add_note(ForeignUser& user, std::string_view note) {
  if (!user.note.empty()) user.note += "; ";
  user.note += note;
}

/// Several names that are alike.
struct Alike {
  ForeignUser* first = nullptr;
  std::size_t count = 0;
};

// Each user gets one note at most, whatever the file holds.
void check_names(std::vector<ForeignUser>& users) {
  std::map<std::string_view, const ForeignUser*> by_name;
  std::map<std::string, Alike> by_fold;
  for (ForeignUser& user : users) {
    if (!user.why_skipped.empty() || !user.why_refused.empty()) continue;
    const auto [same, is_new] = by_name.emplace(user.name, &user);
    if (!is_new) {
      user.why_refused = fmt::format("the name stands in the file before, at {}", same->second->where);
      continue;
    }
    Alike& alike = by_fold[folded(user.name)];
    if (alike.count == 0) alike.first = &user;
    if (alike.count > 0)
      add_note(user, fmt::format("differs from '{}' in case or Unicode form alone", alike.first->name));
    if (alike.count == 1)
      add_note(*alike.first, fmt::format("differs from '{}' in case or Unicode form alone", user.name));
    ++alike.count;
  }
}

}  // namespace

Result<std::vector<ForeignUser>> finish_reading(Users users) {
  if (!users) return users;
  if (users->size() > kMaxUsers) {
    return failure(
        ErrorCode::kInvalid,
        fmt::format("it has over {} users, and so many are read at once at most: split it", kMaxUsers));
  }
  if (users->empty()) {
    return failure(ErrorCode::kInvalid, "there is no user in it: see whether --from names what wrote it");
  }
  check_names(*users);
  return users;
}

std::optional<Source> source_named(std::string_view name) noexcept {
  const auto* const row =
      std::find_if(kRows.begin(), kRows.end(), [name](const Row& of) { return of.name == name; });
  return row == kRows.end() ? std::nullopt : std::optional(row->source);
}

std::string source_names() {
  std::string names;
  for (const Row& row : kRows) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

Result<std::vector<ForeignUser>> read_users(Source source, std::string_view text,
                                            const ReadOptions& options) {
  if (text.size() > kMaxFileBytes) {
    return failure(ErrorCode::kInvalid, fmt::format("it has over {} MiB: split it", kMaxFileBytes >> 20));
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto* const row =
      std::find_if(kRows.begin(), kRows.end(), [source](const Row& of) { return of.source == source; });
  return finish_reading(row->read(text, options));
}

bool is_sqlite(std::string_view text) noexcept {
  return text.starts_with(std::string_view("SQLite format 3\0", 16));
}

}  // namespace latchkey::migration
