// Takes named fields out of an application/x-www-form-urlencoded body (WHATWG URL §5.1). One decoder a core,
// made at start and used again without allocating; that core's thread only. Decoded text stays in its buffer
// until wipe().
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "latchkey/http/fields.h"

namespace latchkey::http {

class FormFieldDecoder {
 public:
  /// Room for bodies of up to `max_body_bytes`.
  explicit FormFieldDecoder(std::size_t max_body_bytes);
  ~FormFieldDecoder() { wipe(); }
  FormFieldDecoder(const FormFieldDecoder&) = delete;
  FormFieldDecoder& operator=(const FormFieldDecoder&) = delete;

  /// Fills `fields[i]` with the value of `names[i]`; of pairs with one name the last counts. `body` has at
  /// most `max_body_bytes`, and need not outlive the call. Malformed is only what is not UTF-8 once decoded,
  /// in any pair.
  DecodeResult decode(std::string_view body, std::span<const std::string_view> names,
                      std::span<Field> fields);

  /// All of the last body, decoded.
  std::string_view decoded() const noexcept { return {decoded_.get(), used_bytes_}; }

  /// Overwrites whatever the last body left. Texts of its fields are gone.
  void wipe() noexcept;

 private:
  std::size_t max_body_bytes_;
  std::size_t used_bytes_ = 0;
  std::unique_ptr<char[]> decoded_;
};

}  // namespace latchkey::http
