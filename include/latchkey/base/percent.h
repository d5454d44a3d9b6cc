// Text in a header's value (C-36): UTF-8 with all but visible ASCII percent-encoded, `%` too, so that it can
// be decoded again without loss. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace latchkey {

/// Bytes of the encoded text; text.size() where nothing is to be encoded.
std::size_t percent_encoded_bytes(std::string_view text) noexcept;

/// Writes percent_encoded_bytes(text) bytes to `out`.
void percent_encode(std::string_view text, char* out) noexcept;

std::string percent_encode(std::string_view text);

}  // namespace latchkey
