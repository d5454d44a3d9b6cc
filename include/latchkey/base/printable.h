// Text from outside as one printable line, for the log, for terminals and for pages. What comes out decodes
// to the bytes that came in. Pure functions, any thread.
//
// The grammar is that of an interpreted string in Go, which readers of logfmt know:
//   \\                  a backslash; and \" a quote, where the text stands in quotes
//   \xNN                a byte: a control character of ASCII, or a byte that is not UTF-8
//   \uNNNN, \UNNNNNNNN  a code point that is not to be seen: a control, format, private or unassigned
//   character, a
//                       separator of lines, a blank other than U+0020, what is drawn as nothing at all, or a
//                       combining mark with nothing before it that it could stand on
// All else stands as it is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey {

/// Whether a character is seen as itself, wherever it stands.
bool is_visible(char32_t code_point) noexcept;

/// Whether `text` is printable as it is: it would be escaped to itself.
bool is_printable(std::string_view text) noexcept;

/// `text`, escaped.
std::string printable(std::string_view text);

/// Appends `text`, escaped and in quotes.
void append_quoted(std::string& out, std::string_view text);

/// What was escaped so; nothing where the text is not of the grammar.
std::optional<std::string> unprintable(std::string_view escaped);

/// The longest front of `text` of at most `max_bytes` that halves no character.
std::string_view whole_front(std::string_view text, std::size_t max_bytes) noexcept;

/// Columns that a printable text takes in a terminal: two for a wide character, none for a combining mark.
std::size_t columns_of(std::string_view printable_text) noexcept;

}  // namespace latchkey
