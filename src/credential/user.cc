#include "latchkey/credential/user.h"

#include <fmt/format.h>

#include "latchkey/base/utf8.h"

namespace latchkey::credential {

namespace {

/// Unicode's category Cc: they would break a header, a log line or a terminal that shows the name.
bool is_control(char32_t c) noexcept { return c < 0x20 || (c >= 0x7f && c <= 0x9f); }

/// Unicode's White_Space that is no control: what a login trims (C-16), so that such a name could never log
/// in.
bool is_white_space(char32_t c) noexcept {
  return c == 0x20 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

tl::unexpected<Error> wrong(std::string_view what, std::string_view problem) {
  return failure(ErrorCode::kInvalid, fmt::format("the {} {}", what, problem));
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

}  // namespace

Result<void> check_user_name(std::string_view name) {
  const Result<Scan> seen = scan("user's name", name, kMaxNameCharacters);
  if (!seen) return tl::unexpected(seen.error());
  if (seen->characters == 0) return wrong("user's name", "is empty");
  if (is_white_space(seen->first) || is_white_space(seen->last)) {
    return wrong("user's name", "begins or ends with white space");
  }
  return {};
}

Result<void> check_user_detail(std::string_view what, std::string_view text) {
  const Result<Scan> seen = scan(what, text, kMaxDetailCharacters);
  if (!seen) return tl::unexpected(seen.error());
  return {};
}

}  // namespace latchkey::credential
