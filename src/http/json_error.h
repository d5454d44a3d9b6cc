// Says where a JSON document is wrong, for people. A plain scanner that runs only once simdjson, which gives
// no offset, has refused a document, or to make sure of what simdjson does not count. Pure functions, any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace latchkey::http {

/// Containers within containers that a document may have (C-17).
inline constexpr std::size_t kMaxJsonDepth = 64;

struct JsonError {
  std::size_t byte = 0;   ///< Offset from the start of the document, from 0.
  const char* what = "";  ///< A literal.
};

/// The first error of `document` by RFC 8259, a number out of range and nesting over kMaxJsonDepth included;
/// nothing where it is valid.
std::optional<JsonError> json_error_position(std::string_view document) noexcept;

}  // namespace latchkey::http
