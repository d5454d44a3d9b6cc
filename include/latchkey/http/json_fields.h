// Extracts named fields from a JSON body with simdjson's DOM parser, which validates the whole document. Each
// core has one decoder, made at start. Reusing it allocates nothing, except to report an error. What a body
// left behind (a password) stays in the decoder's buffers until wipe().
// Thread: its core's.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "latchkey/http/fields.h"

namespace latchkey::http {

class JsonFieldDecoder {
 public:
  /// Allocates room for bodies of up to `max_body_bytes`: about 12 bytes of memory per byte of body.
  explicit JsonFieldDecoder(std::size_t max_body_bytes);
  ~JsonFieldDecoder();
  JsonFieldDecoder(const JsonFieldDecoder&) = delete;
  JsonFieldDecoder& operator=(const JsonFieldDecoder&) = delete;

  /// Fills `fields[i]` with the top-level member `names[i]`. If a name occurs twice, the last member wins. An
  /// empty body is `{}` (C-17). A body is malformed if any part of it breaks RFC 8259, or if it has a byte
  /// order mark, nesting over 64, a lone surrogate, or a number beyond the range of a double or a 64-bit
  /// integer, which the parser cannot hold.
  /// Requires: `body` has at most `max_body_bytes`.
  /// Lifetime: `body` must outlive the fields, because a number is a view of it.
  DecodeResult decode(std::string_view body, std::span<const std::string_view> names,
                      std::span<Field> fields);

  /// Overwrites everything that the last body left, including the texts of its fields.
  void wipe() noexcept;

 private:
  struct Parser;

  std::size_t max_body_bytes_;
  std::size_t body_bytes_ = 0;      ///< Of the last body.
  std::unique_ptr<char[]> source_;  ///< The body, followed by the padding that the parser reads.
  std::unique_ptr<Parser> parser_;
};

}  // namespace latchkey::http
