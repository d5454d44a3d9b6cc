#include "latchkey/base/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "latchkey/base/printable.h"
#include "latchkey/base/utf8.h"

namespace latchkey {

namespace {

constexpr std::uint32_t kFirstBeyondBmp = 0x10000;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

void append_escaped(std::string& out, char character) {
  switch (character) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(character));
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + 2);
  out.push_back('"');
  while (!text.empty()) {
    const Utf8Character character = first_utf8_character(text);
    if (character.bytes == 0) {
      out += kReplacement;
      text.remove_prefix(1);
      continue;
    }
    if (character.code_point < 0x20 || character.code_point == '"' || character.code_point == '\\') {
      append_escaped(out, text[0]);
    } else {
      out += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  out.push_back('"');
}

std::string visible_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  const auto into = std::back_inserter(out);
  while (!json.empty()) {
    const Utf8Character character = first_utf8_character(json);
    const auto code_point = static_cast<std::uint32_t>(character.code_point);
    // Below U+0080 a document has only printable ASCII, the white space between its tokens, and DEL, which a
    // string may contain unescaped.
    if (character.bytes == 0 || (code_point < 0x80 && code_point != 0x7f) ||
        is_visible(character.code_point)) {
      out += json.substr(0, std::max<std::size_t>(character.bytes, 1));
    } else if (code_point < kFirstBeyondBmp) {
      fmt::format_to(into, "\\u{:04x}", code_point);
    } else {
      const std::uint32_t pair = code_point - kFirstBeyondBmp;
      fmt::format_to(into, "\\u{:04x}\\u{:04x}", 0xd800 + (pair >> 10), 0xdc00 + (pair & 0x3ff));
    }
    json.remove_prefix(std::max<std::size_t>(character.bytes, 1));
  }
  return out;
}

std::string indent_json(std::string_view compact, std::size_t width) {
  std::string out;
  out.reserve(2 * compact.size());
  std::size_t depth = 0;
  const auto begin_line = [&out, &depth, width] { out.append(1, '\n').append(depth * width, ' '); };
  for (std::size_t at = 0; at < compact.size(); ++at) {
    const char character = compact[at];
    switch (character) {
      case '"': {
        const std::size_t start = at++;
        while (at < compact.size() && compact[at] != '"') at += compact[at] == '\\' ? 2U : 1U;
        out += compact.substr(start, at - start + 1);
        break;
      }
      case '{':
      case '[':
        out += character;
        if (at + 1 < compact.size() && (compact[at + 1] == '}' || compact[at + 1] == ']')) {
          out += compact[++at];
        } else {
          ++depth;
          begin_line();
        }
        break;
      case '}':
      case ']':
        depth -= depth == 0 ? 0 : 1;
        begin_line();
        out += character;
        break;
      case ',':
        out += character;
        begin_line();
        break;
      case ':':
        out += ": ";
        break;
      default:
        out += character;
    }
  }
  return out;
}

}  // namespace latchkey
