#include "api/credentials.h"

#include <algorithm>

#include "latchkey/base/assert.h"
#include "latchkey/http/characters.h"
#include "latchkey/http/credentials.h"
#include "latchkey/http/percent.h"

namespace latchkey::api {

namespace {

using Kind = Presented::Kind;

constexpr std::string_view kTokenScheme = "Token";
constexpr std::string_view kBearerScheme = "Bearer";
constexpr std::string_view kBasicScheme = "Basic";

/// A token and two quotes, with every character escaped. A longer cookie is no token.
constexpr std::size_t kMaxCookieBytes = 3 * (token::kTokenDigits + 2);

std::string_view drop_quotes(std::string_view text) noexcept {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return text;
  return text.substr(1, text.size() - 2);
}

[[gnu::noinline]] std::optional<token::Token> token_of_escaped(std::string_view text) noexcept {
  if (text.size() > kMaxCookieBytes) return std::nullopt;
  std::array<char, kMaxCookieBytes> decoded{};
  const std::size_t bytes = http::percent_decode(text, http::PlusSign::kLiteral, decoded);
  return token::Token::parse(drop_quotes(std::string_view(decoded.data(), bytes)));
}

bool is_empty(std::string_view text) noexcept { return text.empty() || text == "\"\""; }

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

/// kNothing for a scheme that is none of C-30's.
Presented from_authorization(std::string_view value, bool basic) noexcept {
  const http::AuthCredentials found = http::parse_auth_credentials(value);
  if (is_scheme(found, kTokenScheme) || is_scheme(found, kBearerScheme)) return from_words(found);
  if (basic && is_scheme(found, kBasicScheme)) return from_basic(found);
  return {};
}

/// Whether it can be nobody's but Latchkey's.
bool is_own(const Presented& shown) noexcept {
  return shown.token || shown.kind == Kind::kBasic || shown.is_basic;
}

}  // namespace

std::optional<token::Token> token_of_cookie(std::string_view text) noexcept {
  // As browsers and clients send it, or else escaped or quoted.
  const std::optional<token::Token> token = token::Token::parse(text);
  return token ? token : token_of_escaped(text);
}

TokenCookies::TokenCookies(const http::RequestHead& head, const CookieNames& names) noexcept {
  http::for_each_cookie(head, [this, &names](const http::Cookie& cookie) {
    const CookieNames::Rank rank = names.rank_of(cookie.name);
    if (rank != CookieNames::Rank::kAnothers && !is_empty(cookie.text)) add(rank, cookie.text);
  });
}

void TokenCookies::add(CookieNames::Rank rank, std::string_view text) noexcept {
  std::size_t at = size_;
  while (at > 0 && ranks_[at - 1] > rank) --at;
  if (at == kMost) return;
  size_ = std::min(size_ + 1, kMost);
  for (std::size_t i = size_ - 1; i > at; --i) {
    ranks_[i] = ranks_[i - 1];
    texts_[i] = texts_[i - 1];
  }
  ranks_[at] = rank;
  texts_[at] = text;
}

std::optional<token::Token> TokenCookies::token(std::size_t i) const noexcept {
  LATCHKEY_ASSERT(i < size_);
  return token_of_cookie(texts_[i]);
}

Presented find_credentials(const http::RequestHead& head, const CookieNames& names,
                           CredentialRules rules) noexcept {
  using http::KnownHeader;
  Presented shown;
  // Nobody has refused a question with fields that stand twice.
  if (http::repeats_credentials(head)) {
    shown.kind = Kind::kAmbiguous;
    return shown;
  }
  if (head.has(KnownHeader::kXAuthToken)) {
    const http::AuthCredentials found = http::parse_auth_credentials(head.value(KnownHeader::kXAuthToken));
    if (is_scheme(found, kTokenScheme)) return from_words(found);
  }
  if (head.has(KnownHeader::kAuthorization)) {
    shown = from_authorization(head.value(KnownHeader::kAuthorization), rules.basic);
    if (shown.kind != Kind::kNothing && (!rules.is_question || is_own(shown))) return shown;
  }
  if (!head.has(KnownHeader::kCookie)) return shown;
  const TokenCookies cookies(head, names);
  if (cookies.size() == 0) return shown;
  shown = {};
  shown.kind = Kind::kToken;
  shown.by_cookie = true;
  shown.is_first = cookies.size() > 1;
  shown.token = cookies.token(0);
  return shown;
}

}  // namespace latchkey::api
