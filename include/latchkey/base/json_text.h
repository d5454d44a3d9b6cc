// Writes JSON (RFC 8259): strings, and documents laid out for people. The caller writes the rest of a compact
// document itself.
// Thread: any; all are pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace latchkey {

/// Appends `text` as a JSON string, with its quotes. Quotes, backslashes and control characters are escaped.
/// Non-ASCII text stays as it is (C-5), except that each byte that is not UTF-8 becomes U+FFFD, because the
/// document must be UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// Copies a document, replacing each invisible character in its strings (base/printable.h) with a JSON
/// escape.
std::string visible_json(std::string_view json);

/// Lays out a compact document (no white space between its tokens). Each member and element gets a line of
/// its own, each level is indented by `width` more spaces, and a space follows each colon. `{}` and `[]` stay
/// as they are.
std::string indent_json(std::string_view compact, std::size_t width);

}  // namespace latchkey
