// Takes named fields out of a multipart/form-data body (RFC 7578, RFC 2046 §5.1). A pure function: the texts
// are views into the body, which the caller owns and wipes. Any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "latchkey/http/fields.h"

namespace latchkey::http {

/// Parts of one body; more is malformed.
inline constexpr std::size_t kMaxParts = 32;

/// Field lines of one part; more is malformed.
inline constexpr std::size_t kMaxPartHeaders = 8;

/// Fills `fields[i]` with the content of the part named `names[i]`, a file's as well as a text's; of parts
/// with one name the last counts. `boundary` is the parameter of the Content-Type (`Parameter::text()`). The
/// body begins with the first boundary: a preamble, which no client sends, is malformed, and so are a body
/// without its closing boundary, a part without a name, a Content-Transfer-Encoding that encodes (RFC 7578
/// §4.7) and a wanted text that is not UTF-8. A wanted part whose own Content-Type names a charset other than
/// UTF-8 is kUnsupportedCharset, unless that is an ASCII superset and the text is ASCII.
DecodeResult decode_multipart(std::string_view body, std::string_view boundary,
                              std::span<const std::string_view> names, std::span<Field> fields);

}  // namespace latchkey::http
