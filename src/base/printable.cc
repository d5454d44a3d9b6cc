#include "latchkey/base/printable.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>

#include "latchkey/base/utf8.h"

namespace latchkey {

namespace {

constexpr char32_t kBlankBraille = 0x2800;  // category So, but drawn as nothing
constexpr char32_t kLastOfFourDigits = 0xffff;
constexpr std::size_t kMaxUtf8Bytes = 4;

bool is_plain_ascii(char32_t code_point) noexcept {
  return code_point >= 0x20 && code_point < 0x7f && code_point != '\\';
}

bool is_mark(char32_t code_point) noexcept {
  if (code_point < 0x80) return false;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}

/// `has_base`: the character before it is written as it is, so a mark can combine with it.
bool stays(const Utf8Character& character, bool has_base) noexcept {
  if (character.bytes == 0) return false;
  if (character.code_point < 0x80) return is_plain_ascii(character.code_point);
  return is_visible(character.code_point) && (has_base || !is_mark(character.code_point));
}

void append_escaped(std::string& out, std::string_view text, const Utf8Character& character) {
  const auto into = std::back_inserter(out);
  const auto code_point = static_cast<std::uint32_t>(character.code_point);
  if (character.bytes <= 1) {
    if (text[0] == '"' || text[0] == '\\') {
      out.append(1, '\\').append(1, text[0]);
    } else {
      fmt::format_to(into, "\\x{:02x}", static_cast<unsigned char>(text[0]));
    }
  } else if (code_point <= kLastOfFourDigits) {
    fmt::format_to(into, "\\u{:04x}", code_point);
  } else {
    fmt::format_to(into, "\\U{:08x}", code_point);
  }
}

bool append_utf8(std::string& out, std::uint32_t code_point) {
  if (!utf8proc_codepoint_valid(static_cast<utf8proc_int32_t>(code_point))) return false;
  utf8proc_uint8_t bytes[kMaxUtf8Bytes];
  const utf8proc_ssize_t count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  out.append(bytes, bytes + count);
  return true;
}

/// Decodes the escape at the front of `text`, which begins with a backslash, and removes it.
bool take_escape(std::string& out, std::string_view& text) {
  if (text.size() < 2) return false;
  const char kind = text[1];
  text.remove_prefix(2);
  if (kind == '"' || kind == '\\') {
    out.push_back(kind);
    return true;
  }
  const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  if (digits == 0 || text.size() < digits) return false;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value, 16);
  if (error != std::errc() || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  if (kind != 'x') return append_utf8(out, value);
  out.push_back(static_cast<char>(static_cast<unsigned char>(value)));
  return true;
}

void append(std::string& out, std::string_view text, bool in_quotes) {
  bool has_base = false;
  while (!text.empty()) {
    const Utf8Character character = first_utf8_character(text);
    has_base = stays(character, has_base) && !(in_quotes && character.code_point == '"');
    if (has_base) {
      out += text.substr(0, character.bytes);
    } else {
      append_escaped(out, text, character);
    }
    text.remove_prefix(std::max<std::size_t>(character.bytes, 1));
  }
}

}  // namespace

bool is_visible(char32_t code_point) noexcept {
  if (code_point < 0x7f) return code_point >= 0x20;
  if (code_point > 0x10ffff || code_point == kBlankBraille) return false;
  const utf8proc_property_t& property = *utf8proc_get_property(static_cast<utf8proc_int32_t>(code_point));
  if (property.ignorable != 0) return false;
  switch (property.category) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

bool is_printable(std::string_view text) noexcept {
  bool has_base = false;
  while (!text.empty()) {
    const Utf8Character character = first_utf8_character(text);
    if (!stays(character, has_base)) return false;
    has_base = true;
    text.remove_prefix(character.bytes);
  }
  return true;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append(out, text, false);
  return out;
}

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  append(out, text, true);
  out.push_back('"');
}

std::optional<std::string> unprintable(std::string_view escaped) {
  std::string out;
  while (!escaped.empty()) {
    if (escaped[0] == '\\') {
      if (!take_escape(out, escaped)) return std::nullopt;
      continue;
    }
    out.push_back(escaped[0]);
    escaped.remove_prefix(1);
  }
  return out;
}

std::string_view whole_front(std::string_view text, std::size_t max_bytes) noexcept {
  if (text.size() <= max_bytes) return text;
  // A character that the cut would split begins at most three bytes before it. A byte that is not UTF-8
  // counts as whole.
  for (std::size_t back = 1; back < kMaxUtf8Bytes && back <= max_bytes; ++back) {
    const std::size_t start = max_bytes - back;
    if (first_utf8_character(text.substr(start)).bytes > back) return text.substr(0, start);
  }
  return text.substr(0, max_bytes);
}

std::size_t columns_of(std::string_view printable_text) noexcept {
  std::size_t columns = 0;
  while (!printable_text.empty()) {
    const Utf8Character character = first_utf8_character(printable_text);
    columns +=
        static_cast<std::size_t>(utf8proc_charwidth(static_cast<utf8proc_int32_t>(character.code_point)));
    printable_text.remove_prefix(std::max<std::size_t>(character.bytes, 1));
  }
  return columns;
}

}  // namespace latchkey
