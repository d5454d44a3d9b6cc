// Says where a JSON document is wrong, for people to read. This plain scanner runs only after simdjson, which
// gives no offset, has refused a document, or to check what simdjson does not count.
// Thread: any; a pure function.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace latchkey::http {

/// The deepest nesting of containers that a document may have (C-17).
inline constexpr std::size_t kMaxJsonDepth = 64;

struct JsonError {
  std::size_t byte = 0;   ///< Offset from the start of the document, from 0.
  const char* what = "";  ///< A literal.
};

/// The first error in `document`: a violation of RFC 8259, a number out of range, or nesting over
/// kMaxJsonDepth. Nothing if the document is valid.
std::optional<JsonError> json_error_position(std::string_view document) noexcept;

}  // namespace latchkey::http
