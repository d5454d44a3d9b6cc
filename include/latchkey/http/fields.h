// The common form of a body's fields, whatever its media type: JSON, form or multipart (C-10).
// Lifetime: each core has one set of decoders, which own the memory behind the texts. A text is valid until
// its decoder's next use or wipe().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace latchkey::http {

/// The most names that a decoder can be asked for at once.
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
    kUnsupportedCharset,  ///< a wanted text is in a charset that this server does not read
  };
  Status status = Status::kDecoded;
  std::string detail;  ///< kMalformed: for the client to read; contains nothing from the body.
};

}  // namespace latchkey::http
