#include "latchkey/token/lookahead.h"

#include <optional>
#include <span>

namespace latchkey::token {

void Lookahead::see(std::string_view bytes) noexcept {
  // Any run of kTokenDigits digits covers one byte in kTokenDigits: only every such byte needs a look.
  std::size_t begin = 0;  // start of what has not been looked at
  for (std::size_t at = kTokenDigits - 1; at < bytes.size(); at += kTokenDigits) {
    if (!is_lower_hex_digit(bytes[at])) {
      begin = at + 1;
      continue;
    }
    const std::size_t before = lower_hex_digits_at_end(bytes.substr(begin, at - begin));
    const std::size_t end = at + lower_hex_digits_at_front(bytes.substr(at));
    if (before + end - at == kTokenDigits) see_token(bytes.substr(at - before, kTokenDigits));
    begin = end;
    at = end - 1;
  }
}

void Lookahead::see_token(std::string_view digits) noexcept {
  // Requests of one client arrive together.
  if (digits == last_) return;
  last_ = digits;
  if (count_ == kMaxTokens) return;
  const std::optional<Token> token = Token::parse(digits);
  if (!token) return;
  const Table& table = registry_.table_of(token->tag());
  seen_[count_++] = {&table, table.fetch_cell(*token), 0};
}

std::size_t Lookahead::fetch() noexcept {
  const std::span seen(seen_.data(), count_);
  count_ = 0;
  last_ = {};
  // A single token has nothing to overlap with: its check follows at once.
  if (seen.size() < 2) return 0;
  std::size_t found = 0;
  for (Seen& one : seen) one.entry = one.table->fetch_entry(one.hash);
  for (const Seen& one : seen) {
    if (one.entry == 0) continue;
    one.table->fetch_user(one.entry);
    ++found;
  }
  return found;
}

}  // namespace latchkey::token
