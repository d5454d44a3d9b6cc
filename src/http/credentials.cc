#include "latchkey/http/credentials.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "latchkey/base/hex.h"
#include "latchkey/base/scrub.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/characters.h"
#include "latchkey/http/percent.h"

namespace latchkey::http {

namespace {

constexpr std::string_view kCookieName = "token";

/// A token and two quotes, every character of them escaped: a longer cookie is no token.
constexpr std::size_t kMaxCookieTokenBytes = 3 * (kTokenDigits + 2);

AuthScheme scheme_named(std::string_view name) noexcept {
  if (equals_ignoring_case(name, "Token")) return AuthScheme::kToken;
  if (equals_ignoring_case(name, "Bearer")) return AuthScheme::kBearer;
  if (equals_ignoring_case(name, "Basic")) return AuthScheme::kBasic;
  return AuthScheme::kOther;
}

/// Two searches for one character each: `find_first_of` calls memchr once a character.
std::size_t find_blank(std::string_view text) noexcept { return std::min(text.find(' '), text.find('\t')); }

std::string_view drop_quotes(std::string_view text) noexcept {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return text;
  return text.substr(1, text.size() - 2);
}

std::optional<TokenBytes> token_of_cookie(std::string_view value) noexcept {
  if (value.size() > kMaxCookieTokenBytes) return std::nullopt;
  std::array<char, kMaxCookieTokenBytes> decoded{};
  const std::size_t bytes = percent_decode(value, PlusSign::kLiteral, decoded);
  return parse_token(drop_quotes(std::string_view(decoded.data(), bytes)));
}

}  // namespace

AuthCredentials parse_auth_credentials(std::string_view value) noexcept {
  value = trim_blanks(value);
  const std::size_t blank = std::min(find_blank(value), value.size());
  AuthCredentials credentials;
  credentials.scheme = scheme_named(value.substr(0, blank));
  const std::string_view rest = trim_blanks(value.substr(blank));
  if (rest.empty()) return credentials;
  if (find_blank(rest) != std::string_view::npos) {
    credentials.form = AuthCredentials::Form::kSeveralWords;
    return credentials;
  }
  credentials.form = AuthCredentials::Form::kOneWord;
  credentials.word = rest;
  return credentials;
}

std::optional<TokenBytes> parse_token(std::string_view text) noexcept {
  TokenBytes token{};
  if (!from_lower_hex(text, token)) return std::nullopt;
  return token;
}

namespace {

/// Nothing where it is no Basic. Leaves on the stack what it had there.
[[gnu::noinline]] std::optional<BasicCredentials> decode_basic(std::string_view word) {
  std::array<char, kMaxBasicBytes> decoded{};
  std::size_t bytes = 0;
  const bool is_base64 =
      is_ascii(word) &&
      sodium_base642bin(reinterpret_cast<unsigned char*>(decoded.data()), decoded.size(), word.data(),
                        word.size(), nullptr, &bytes, nullptr, sodium_base64_VARIANT_ORIGINAL) == 0;
  const std::string_view text(decoded.data(), is_base64 ? bytes : 0);
  const std::size_t colon = text.find(':');
  std::optional<BasicCredentials> credentials;
  if (colon != std::string_view::npos && is_utf8(text)) {
    credentials = BasicCredentials{std::string(text.substr(0, colon)), SecretText(text.substr(colon + 1))};
  }
  wipe(decoded.data(), decoded.size());
  return credentials;
}

}  // namespace

Result<BasicCredentials> parse_basic(std::string_view word) {
  std::optional<BasicCredentials> credentials = decode_basic(word);
  scrub_stack<kParserStackBytes>();
  if (!credentials) {
    return failure(ErrorCode::kInvalid, "Invalid basic header. Credentials not correctly base64 encoded.");
  }
  return std::move(*credentials);
}

// Byte by byte, as a field of nothing but semicolons would pay for a search at each of them.
CookieToken find_cookie_token(std::string_view value) noexcept {
  CookieToken found;
  for (std::size_t at = 0; at < value.size(); ++at) {
    const std::size_t name = at;
    while (at < value.size() && value[at] != ';' && value[at] != '=') ++at;
    if (at == value.size() || value[at] == ';') continue;
    const bool is_token = trim_blanks(value.substr(name, at - name)) == kCookieName;
    const std::size_t text = at + 1;
    while (at < value.size() && value[at] != ';') ++at;
    if (!is_token) continue;
    if (found.status != CookieToken::Status::kNone) return {CookieToken::Status::kTwice, std::nullopt};
    found.status = CookieToken::Status::kFound;
    found.token = token_of_cookie(trim_blanks(value.substr(text, at - text)));
  }
  return found;
}

}  // namespace latchkey::http
