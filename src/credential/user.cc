#include "latchkey/credential/user.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "latchkey/base/percent.h"
#include "latchkey/base/utf8.h"

namespace latchkey::credential {

namespace {

/// Unicode's category Cc. Such characters would break a header, a log line or a terminal that shows the name.
bool is_control(char32_t c) noexcept { return c < 0x20 || (c >= 0x7f && c <= 0x9f); }

/// Unicode's White_Space, without control characters. A login trims it (C-16), so such a name could never log
/// in.
bool is_white_space(char32_t c) noexcept {
  return c == 0x20 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

tl::unexpected<Error> wrong(std::string_view what, std::string_view problem) {
  return failure(ErrorCode::kInvalid, fmt::format("the {} {}", what, problem));
}

/// Symbols that Unicode regards as visible although their glyph is empty: the braille blank, a note without a
/// head.
bool is_empty_symbol(char32_t c) noexcept { return c == 0x2800 || c == 0x1d159; }

/// What is wrong with a character in a new name; null if nothing is. The FreeformClass of RFC 8264 (§4.3)
/// disallows the same, but allows some invisible characters where a script's spelling needs them.
const char* fault_of(char32_t c) noexcept {
  const utf8proc_property_t& property = *utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
  if (property.ignorable != 0 || is_empty_symbol(c)) return "that cannot be seen";
  switch (property.category) {
    case UTF8PROC_CATEGORY_ZS:
      return c == ' ' ? nullptr : "that looks like a blank and is none";
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return "that looks like a blank and is none";
    case UTF8PROC_CATEGORY_CF:
      return "that only formats others";
    case UTF8PROC_CATEGORY_CO:
      return "for private use";
    case UTF8PROC_CATEGORY_CN:
      return "that is not assigned";
    default:
      return nullptr;
  }
}

/// `text`, which is UTF-8, in Unicode's composed form. Empty if there is no memory.
std::string composed(std::string_view text) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t bytes = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
      &mapped, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (bytes < 0) return {};
  return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(bytes)};
}

struct Scan {
  std::size_t characters = 0;
  char32_t first = 0;
  char32_t last = 0;
};

Result<Scan> scan(std::string_view what, std::string_view text, std::size_t max_characters) {
  Scan seen;
  while (!text.empty()) {
    const Utf8Character character = first_utf8_character(text);
    if (character.bytes == 0) return wrong(what, "is not valid UTF-8");
    if (is_control(character.code_point)) return wrong(what, "has a control character");
    if (++seen.characters > max_characters) {
      return wrong(what, fmt::format("has more than {} characters", max_characters));
    }
    if (seen.characters == 1) seen.first = character.code_point;
    seen.last = character.code_point;
    text.remove_prefix(character.bytes);
  }
  return seen;
}

Result<void> check_ends(std::string_view what, std::string_view name) {
  LATCHKEY_TRY(const Scan seen, scan(what, name, kMaxNameCharacters));
  if (seen.characters == 0) return wrong(what, "is empty");
  if (is_white_space(seen.first) || is_white_space(seen.last)) {
    return wrong(what, "begins or ends with white space");
  }
  return {};
}

/// Refuses what could make two names look the same. `several` is what they would be names of.
Result<void> check_looks(std::string_view what, std::string_view name, std::string_view several) {
  for (std::string_view rest = name; !rest.empty();) {
    const Utf8Character character = first_utf8_character(rest);
    if (const char* const fault = fault_of(character.code_point)) {
      return wrong(what, fmt::format("has a character {}, U+{:04X}: leave it out", fault,
                                     static_cast<std::uint32_t>(character.code_point)));
    }
    rest.remove_prefix(character.bytes);
  }
  if (composed(name) == name) return {};
  return wrong(
      what, fmt::format("is not in Unicode's composed form (NFC), in which keyboards and browsers write it: "
                        "the same text would be two {}; type it anew, or convert it",
                        several));
}

std::size_t group_field_bytes(const std::vector<std::string>& groups) {
  std::size_t bytes = 0;
  for (const std::string& group : groups) bytes += percent_encoded_bytes(group) + 1;  // with a comma
  return bytes;
}

/// A proxy refuses an answer whose head is longer than its buffer, and with it every request of the user.
Result<void> check_field(std::string_view what, std::size_t bytes, std::size_t most) {
  if (bytes <= most) return {};
  return failure(ErrorCode::kInvalid,
                 fmt::format("the {} may take {} bytes in header fields, where all but visible ASCII is "
                             "percent-encoded, and take {}: shorten what is long",
                             what, most, bytes));
}

}  // namespace

Result<void> check_user_name(std::string_view name) { return check_ends("user's name", name); }

Result<void> check_new_user_name(std::string_view name) {
  LATCHKEY_TRY(check_user_name(name));
  return check_looks("user's name", name, "users");
}

Result<void> check_group_name(std::string_view name) {
  constexpr std::string_view kWhat = "group's name";
  if (name.size() > kMaxGroupBytes) return wrong(kWhat, fmt::format("has over {} bytes", kMaxGroupBytes));
  LATCHKEY_TRY(check_ends(kWhat, name));
  LATCHKEY_TRY(check_looks(kWhat, name, "groups"));
  // Applications are given the names in a list that commas separate.
  if (name.find(',') != std::string_view::npos) return wrong(kWhat, "has a comma: give each group by itself");
  return {};
}

Result<void> check_groups(const std::vector<std::string>& groups) {
  for (const std::string& group : groups) LATCHKEY_TRY(check_group_name(group));
  const std::size_t field_bytes = group_field_bytes(groups);
  if (groups.size() > kMaxGroups) {
    return failure(ErrorCode::kInvalid,
                   fmt::format("a user is in {} groups at most; these are {}", kMaxGroups, groups.size()));
  }
  if (field_bytes > kMaxGroupFieldBytes) {
    return failure(ErrorCode::kInvalid,
                   fmt::format("the names of a user's groups take {} bytes at most in a header field; these "
                               "take {}: shorten them",
                               kMaxGroupFieldBytes, field_bytes));
  }
  return {};
}

Result<void> check_user_detail(std::string_view what, std::string_view text) {
  LATCHKEY_TRY(scan(what, text, kMaxDetailCharacters));
  return {};
}

Result<void> check_profile(const User& user) {
  LATCHKEY_TRY(check_user_detail("first name", user.first_name));
  LATCHKEY_TRY(check_user_detail("last name", user.last_name));
  LATCHKEY_TRY(check_user_detail("email address", user.email));
  LATCHKEY_TRY(check_groups(user.groups));
  const bool has_both = !user.first_name.empty() && !user.last_name.empty();
  const std::size_t blank_bytes = has_both ? 3 : 0;  // %20
  const std::size_t name_bytes =
      percent_encoded_bytes(user.first_name) + blank_bytes + percent_encoded_bytes(user.last_name);
  LATCHKEY_TRY(check_field("first and last name", name_bytes, kMaxDetailFieldBytes));
  const std::size_t email_bytes = percent_encoded_bytes(user.email);
  LATCHKEY_TRY(check_field("email address", email_bytes, kMaxDetailFieldBytes));
  const std::size_t all_bytes =
      2 * percent_encoded_bytes(user.name) + group_field_bytes(user.groups) + name_bytes + email_bytes;
  return check_field("user's name, groups and details together", all_bytes, kMaxIdentityBytes);
}

}  // namespace latchkey::credential
