// Writes text from outside as one printable line, for the log, for terminals and for pages. The output
// decodes to the bytes that came in.
// Thread: any; all are pure functions.
//
// The grammar is that of an interpreted string in Go, which readers of logfmt know:
//   \\                  a backslash; and \" a quote, if the text is in quotes
//   \xNN                a byte: an ASCII control character, or a byte that is not UTF-8
//   \uNNNN, \UNNNNNNNN  a code point that cannot be seen: a control, format, private-use or unassigned
//                       character, a line separator, a blank other than U+0020, a character drawn as nothing,
//                       or a combining mark with no character before it to combine with
// Everything else is written as it is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey {

/// Whether a character is visible as itself, wherever it appears.
bool is_visible(char32_t code_point) noexcept;

/// Whether `text` is printable as it is, so that escaping would not change it.
bool is_printable(std::string_view text) noexcept;

/// `text`, escaped.
std::string printable(std::string_view text);

/// Appends `text`, escaped and in quotes.
void append_quoted(std::string& out, std::string_view text);

/// Decodes an escaped text; nothing if it does not follow the grammar.
std::optional<std::string> unprintable(std::string_view escaped);

/// The longest prefix of `text` that has at most `max_bytes` and splits no character.
std::string_view whole_front(std::string_view text, std::size_t max_bytes) noexcept;

/// The columns that a printable text takes in a terminal: two for a wide character, none for a combining
/// mark.
std::size_t columns_of(std::string_view printable_text) noexcept;

}  // namespace latchkey
