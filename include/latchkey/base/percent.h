// Encodes text for a header's value (C-36): UTF-8 with everything but visible ASCII percent-encoded. `%` is
// encoded too, so that decoding loses nothing.
// Thread: any; all are pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace latchkey {

/// The size of the encoded text; equal to text.size() if there is nothing to encode.
std::size_t percent_encoded_bytes(std::string_view text) noexcept;

/// Writes percent_encoded_bytes(text) bytes to `out`.
void percent_encode(std::string_view text, char* out) noexcept;

std::string percent_encode(std::string_view text);

}  // namespace latchkey
