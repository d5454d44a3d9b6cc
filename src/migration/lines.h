// Cuts a text into lines, and a line into fields. Views into what was given.
// Thread: any; all are pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::migration {

/// The next line without its end, `\n` or `\r\n`, taken off the front of `text`.
/// Requires: `text` is not empty.
inline std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

inline std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

inline std::string lower_ascii(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

/// Splits a person's name at its last blank.
inline void split_name(std::string_view whole, std::string& first, std::string& last) {
  whole = trimmed(whole);
  const std::size_t blank = whole.rfind(' ');
  first = trimmed(whole.substr(0, blank));
  last = blank == std::string_view::npos ? std::string_view{} : whole.substr(blank + 1);
}

}  // namespace latchkey::migration
