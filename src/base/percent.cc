#include "latchkey/base/percent.h"

#include <algorithm>

namespace latchkey {

namespace {

constexpr bool stays(char c) noexcept { return c > ' ' && c < '\x7f' && c != '%'; }

}  // namespace

std::size_t percent_encoded_bytes(std::string_view text) noexcept {
  const auto encoded = std::count_if(text.begin(), text.end(), [](char c) { return !stays(c); });
  return text.size() + 2 * static_cast<std::size_t>(encoded);
}

void percent_encode(std::string_view text, char* out) noexcept {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (stays(c)) {
      *out++ = c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    *out++ = '%';
    *out++ = kDigits[byte >> 4];
    *out++ = kDigits[byte & 15];
  }
}

std::string percent_encode(std::string_view text) {
  std::string encoded(percent_encoded_bytes(text), '\0');
  percent_encode(text, encoded.data());
  return encoded;
}

}  // namespace latchkey
