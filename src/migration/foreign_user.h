// A user as another program's file has them.
// Thread: any; these are plain values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace latchkey::migration {

/// The bounds on what is read.
inline constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxUsers = 100'000;

/// More groups than a user may be in (credential/user.h). A reader need not know how many more there are.
inline constexpr std::size_t kMaxGroupsRead = 256;
/// More than a group's name may have.
inline constexpr std::size_t kMaxGroupBytesRead = 256;

/// Whether a reader goes on: beyond the bound it need not know how many more there are.
inline bool has_room(std::size_t users) noexcept { return users <= kMaxUsers; }

/// What a file does not say of a user is absent, and an update leaves it as it is.
struct ForeignUser {
  std::string name;
  std::string where;                ///< in the file: "line 12"
  std::optional<std::string> hash;  ///< as the file spells it; absent: the user has no password there
  std::optional<bool> active;
  std::optional<bool> superuser;
  std::optional<std::string> first_name;
  std::optional<std::string> last_name;
  std::optional<std::string> email;
  std::optional<std::vector<std::string>> groups;
  std::string note;         ///< what a person should know, such as why the user is disabled
  std::string why_refused;  ///< empty, or why the user cannot be taken
  std::string why_skipped;  ///< empty, or why the entry is no user
};

}  // namespace latchkey::migration
