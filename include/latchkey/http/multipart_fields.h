// Extracts named fields from a multipart/form-data body (RFC 7578, RFC 2046 §5.1). The texts are views into
// the body, which the caller owns and wipes.
// Thread: any; a pure function.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "latchkey/http/fields.h"

namespace latchkey::http {

/// The most parts of a body. More are malformed.
inline constexpr std::size_t kMaxParts = 32;

/// The most field lines of a part. More are malformed.
inline constexpr std::size_t kMaxPartHeaders = 8;

/// Fills `fields[i]` with the content of the part named `names[i]`, whether a file or a text. If a name
/// occurs twice, the last part wins. `boundary` is the parameter of the Content-Type (`Parameter::text()`).
/// The body must begin with its first boundary: a preamble is malformed, and no client sends one. Also
/// malformed are a body without its closing boundary, a part without a name, a Content-Transfer-Encoding that
/// encodes (RFC 7578 §4.7) and a wanted text that is not UTF-8. A wanted part whose Content-Type names
/// another charset than UTF-8 is kUnsupportedCharset, unless that charset is an ASCII superset and the text
/// is ASCII.
DecodeResult decode_multipart(std::string_view body, std::string_view boundary,
                              std::span<const std::string_view> names, std::span<Field> fields);

}  // namespace latchkey::http
