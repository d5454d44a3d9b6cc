// Writing JSON (RFC 8259): strings, and laying a document out for people. The rest of a compact document is
// the caller's to write. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace latchkey {

/// Appends `text` as a JSON string with its quotes. Quote, backslash and control characters are escaped; what
/// is not ASCII stays as it is (C-5), but for bytes that are not UTF-8: each becomes U+FFFD, as the document
/// must be UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// The same document with each character of its strings that is not seen (base/printable.h) as JSON's own
/// escape.
std::string visible_json(std::string_view json);

/// A compact document (no white space between its tokens) with each member and element on a line of its own,
/// each level `width` spaces further in, and a space behind each colon; `{}` and `[]` stay as they are.
std::string indent_json(std::string_view compact, std::size_t width);

}  // namespace latchkey
