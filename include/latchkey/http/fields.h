// The one shape in which the fields of a body come out, whatever its media type: JSON, form or multipart
// (C-10). The decoders own the memory behind the texts, one set a core; texts live until the decoder's next
// use or its wipe().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace latchkey::http {

/// How many names a decoder can be asked for at once.
inline constexpr std::size_t kMaxWantedFields = 8;

enum class FieldKind : std::uint8_t {
  kMissing,
  kNull,     ///< JSON null
  kText,     ///< a string, or a JSON number as its source text (C-15)
  kNotText,  ///< a boolean, list or object
};

struct Field {
  FieldKind kind = FieldKind::kMissing;
  std::string_view text;  ///< kText: valid UTF-8; may hold NUL.
};

struct DecodeResult {
  enum class Status : std::uint8_t {
    kDecoded,
    kNoData,              ///< JSON null at the top (C-17)
    kMalformed,           ///< `detail` says what and where
    kUnsupportedCharset,  ///< a wanted text is in a charset that is not read
  };
  Status status = Status::kDecoded;
  std::string detail;  ///< kMalformed: what the client reads; holds nothing of the body.
};

}  // namespace latchkey::http
