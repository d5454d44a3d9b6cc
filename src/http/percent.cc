#include "latchkey/http/percent.h"

#include "latchkey/base/assert.h"
#include "latchkey/http/characters.h"

namespace latchkey::http {

std::size_t percent_decode_one(std::string_view text, char& out) noexcept {
  out = '%';
  if (text.size() < 3) return 1;
  const int high = hex_digit_value(text[1]);
  const int low = hex_digit_value(text[2]);
  if (high < 0 || low < 0) return 1;
  out = static_cast<char>(high * 16 + low);
  return 3;
}

std::size_t percent_decode(std::string_view text, PlusSign plus_sign, std::span<char> out) noexcept {
  LATCHKEY_ASSERT(out.size() >= text.size());
  std::size_t written = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '+' && plus_sign == PlusSign::kIsBlank) c = ' ';
    if (c == '%') at += percent_decode_one(text.substr(at), c) - 1;
    out[written++] = c;
  }
  return written;
}

}  // namespace latchkey::http
