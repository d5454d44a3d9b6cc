#include "api/credentials.h"

#include <array>

#include "latchkey/http/characters.h"
#include "latchkey/http/credentials.h"
#include "latchkey/http/percent.h"

namespace latchkey::api {

namespace {

using Kind = Presented::Kind;

constexpr std::string_view kTokenScheme = "Token";
constexpr std::string_view kBearerScheme = "Bearer";
constexpr std::string_view kBasicScheme = "Basic";
constexpr std::string_view kCookieName = "token";

/// A token and two quotes, with every character escaped. A longer cookie is no token.
constexpr std::size_t kMaxCookieBytes = 3 * (token::kTokenDigits + 2);

std::string_view drop_quotes(std::string_view text) noexcept {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return text;
  return text.substr(1, text.size() - 2);
}

std::optional<token::Token> token_of_cookie(std::string_view text) noexcept {
  if (text.size() > kMaxCookieBytes) return std::nullopt;
  std::array<char, kMaxCookieBytes> decoded{};
  const std::size_t bytes = http::percent_decode(text, http::PlusSign::kLiteral, decoded);
  return token::Token::parse(drop_quotes(std::string_view(decoded.data(), bytes)));
}

bool is_scheme(const http::AuthCredentials& found, std::string_view scheme) noexcept {
  return http::equals_ignoring_case(found.scheme, scheme);
}

Presented from_words(const http::AuthCredentials& found) noexcept {
  Presented presented;
  presented.bearer = is_scheme(found, kBearerScheme);
  switch (found.form) {
    case http::AuthCredentials::Form::kOneWord:
      presented.kind = Kind::kToken;
      presented.token = token::Token::parse(found.word);
      break;
    case http::AuthCredentials::Form::kNothing:
      presented.kind = Kind::kMalformed;
      presented.problem = "Invalid token header. No credentials provided.";
      break;
    case http::AuthCredentials::Form::kSeveralWords:
      presented.kind = Kind::kMalformed;
      presented.problem = "Invalid token header. Token string should not contain spaces.";
      break;
  }
  return presented;
}

Presented from_basic(const http::AuthCredentials& found) noexcept {
  Presented presented;
  if (found.form == http::AuthCredentials::Form::kOneWord) {
    presented.kind = Kind::kBasic;
    presented.word = found.word;
  } else {
    presented.kind = Kind::kMalformed;
    presented.is_basic = true;
    presented.problem = found.form == http::AuthCredentials::Form::kNothing
                            ? "Invalid basic header. No credentials provided."
                            : "Invalid basic header. Credentials string should not contain spaces.";
  }
  return presented;
}

}  // namespace

Presented find_credentials(const http::RequestHead& head, bool basic) noexcept {
  using http::KnownHeader;
  Presented presented;
  // Where a question is answered from its head, nobody has refused fields that stand twice.
  if (head.lines(KnownHeader::kXAuthToken) > 1 || head.lines(KnownHeader::kAuthorization) > 1 ||
      head.lines(KnownHeader::kCookie) > 1) {
    presented.kind = Kind::kAmbiguous;
    return presented;
  }
  if (head.has(KnownHeader::kXAuthToken)) {
    const http::AuthCredentials found = http::parse_auth_credentials(head.value(KnownHeader::kXAuthToken));
    if (is_scheme(found, kTokenScheme)) return from_words(found);
  }
  if (head.has(KnownHeader::kAuthorization)) {
    const http::AuthCredentials found = http::parse_auth_credentials(head.value(KnownHeader::kAuthorization));
    if (is_scheme(found, kTokenScheme) || is_scheme(found, kBearerScheme)) return from_words(found);
    if (basic && is_scheme(found, kBasicScheme)) return from_basic(found);
  }
  if (!head.has(KnownHeader::kCookie)) return presented;
  const http::Cookie cookie = http::find_cookie(head.value(KnownHeader::kCookie), kCookieName);
  if (cookie.status == http::Cookie::Status::kTwice) presented.kind = Kind::kAmbiguous;
  if (cookie.status == http::Cookie::Status::kFound) {
    presented.kind = Kind::kToken;
    presented.by_cookie = true;
    presented.token = token_of_cookie(cookie.text);
  }
  return presented;
}

}  // namespace latchkey::api
