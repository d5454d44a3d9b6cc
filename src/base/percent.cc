#include "latchkey/base/percent.h"

#include <algorithm>

namespace latchkey {

namespace {

constexpr bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string encoded;
  append_percent_encoded(encoded, text, stays_in_field);
  return encoded;
}

std::size_t percent_encoded_bytes(std::string_view text) noexcept {
  const auto stay = std::count_if(text.begin(), text.end(), stays_in_field);
  return 3 * text.size() - 2 * static_cast<std::size_t>(stay);
}

std::string percent_encode_component(std::string_view text) {
  std::string encoded;
  append_percent_encoded(encoded, text, is_unreserved);
  return encoded;
}

}  // namespace latchkey
