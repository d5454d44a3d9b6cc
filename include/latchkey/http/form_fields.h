// Extracts named fields from an application/x-www-form-urlencoded body (WHATWG URL §5.1). Each core has one
// decoder, made at start, which it reuses without allocating. Decoded text stays in the buffer until wipe().
// Thread: its core's.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "latchkey/http/fields.h"

namespace latchkey::http {

class FormFieldDecoder {
 public:
  /// Allocates room for bodies of up to `max_body_bytes`.
  explicit FormFieldDecoder(std::size_t max_body_bytes);
  ~FormFieldDecoder() { wipe(); }
  FormFieldDecoder(const FormFieldDecoder&) = delete;
  FormFieldDecoder& operator=(const FormFieldDecoder&) = delete;

  /// Fills `fields[i]` with the value of `names[i]`. If a name occurs twice, the last value wins. The only
  /// malformed body is one that is not UTF-8 after decoding, in any pair. `body` need not outlive the call.
  /// Requires: `body` has at most `max_body_bytes`.
  DecodeResult decode(std::string_view body, std::span<const std::string_view> names,
                      std::span<Field> fields);

  /// The whole of the last body, decoded.
  std::string_view decoded() const noexcept { return {decoded_.get(), used_bytes_}; }

  /// Overwrites everything that the last body left, including the texts of its fields.
  void wipe() noexcept;

 private:
  std::size_t max_body_bytes_;
  std::size_t used_bytes_ = 0;
  std::unique_ptr<char[]> decoded_;
};

}  // namespace latchkey::http
