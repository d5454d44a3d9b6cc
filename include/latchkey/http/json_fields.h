// Takes named fields out of a JSON body with simdjson's DOM parser, which validates the whole document. One
// decoder a core, made at start and used again, so that decoding allocates nothing unless it has an error to
// tell; that core's thread only. What a body left behind (a password) stays in the decoder's buffers until
// wipe().
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "latchkey/http/fields.h"

namespace latchkey::http {

class JsonFieldDecoder {
 public:
  /// Room for bodies of up to `max_body_bytes`: about 12 bytes of memory a byte.
  explicit JsonFieldDecoder(std::size_t max_body_bytes);
  ~JsonFieldDecoder();
  JsonFieldDecoder(const JsonFieldDecoder&) = delete;
  JsonFieldDecoder& operator=(const JsonFieldDecoder&) = delete;

  /// Fills `fields[i]` with the top-level member `names[i]`; of members with one name the last counts. An
  /// empty body is
  /// `{}` (C-17). `body` has at most `max_body_bytes`, and outlives the fields: a number is a view of it.
  /// Malformed is: what RFC 8259 does not allow anywhere in the document, a byte order mark, nesting over 64,
  /// a lone surrogate, and a number beyond a double's or 64 integer bits' range, which the parser cannot
  /// hold.
  DecodeResult decode(std::string_view body, std::span<const std::string_view> names,
                      std::span<Field> fields);

  /// Overwrites whatever the last body left. Texts of its fields are gone.
  void wipe() noexcept;

 private:
  struct Parser;

  std::size_t max_body_bytes_;
  std::size_t body_bytes_ = 0;      ///< Of the last body.
  std::unique_ptr<char[]> source_;  ///< The body, with the padding behind it that the parser reads.
  std::unique_ptr<Parser> parser_;
};

}  // namespace latchkey::http
