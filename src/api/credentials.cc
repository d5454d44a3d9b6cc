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

// These fill in what is to be returned, which is then made in its place: a check should not copy it.

void read_words(const http::AuthCredentials& found, bool is_bearer, Presented& shown) noexcept {
  shown.bearer = is_bearer;
  switch (found.form) {
    case http::AuthCredentials::Form::kOneWord:
      shown.kind = Kind::kToken;
      shown.token = token::Token::parse(found.word);
      break;
    case http::AuthCredentials::Form::kNothing:
      shown.kind = Kind::kMalformed;
      shown.problem = "Invalid token header. No credentials provided.";
      break;
    case http::AuthCredentials::Form::kSeveralWords:
      shown.kind = Kind::kMalformed;
      shown.problem = "Invalid token header. Token string should not contain spaces.";
      break;
  }
}

void read_basic(const http::AuthCredentials& found, Presented& shown) noexcept {
  if (found.form == http::AuthCredentials::Form::kOneWord) {
    shown.kind = Kind::kBasic;
    shown.word = found.word;
    return;
  }
  shown.kind = Kind::kMalformed;
  shown.is_basic = true;
  shown.problem = found.form == http::AuthCredentials::Form::kNothing
                      ? "Invalid basic header. No credentials provided."
                      : "Invalid basic header. Credentials string should not contain spaces.";
}

/// Leaves kNothing for a scheme that is none of C-30's.
void read_authorization(std::string_view value, bool basic, Presented& shown) noexcept {
  const http::AuthCredentials found = http::parse_auth_credentials(value);
  const bool is_bearer = is_scheme(found, kBearerScheme);
  if (is_bearer || is_scheme(found, kTokenScheme)) {
    read_words(found, is_bearer, shown);
  } else if (basic && is_scheme(found, kBasicScheme)) {
    read_basic(found, shown);
  }
}

/// Leaves `shown` as it is if there is no cookie. Kept out of line, away from requests that show a header.
[[gnu::noinline]] void read_cookies(const TokenCookies& cookies, Presented& shown) noexcept {
  if (cookies.size() == 0) return;
  shown = {};
  shown.kind = Kind::kToken;
  shown.by_cookie = true;
  shown.token = cookies.token(0);
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
    if (rank != CookieNames::Rank::kAnothers) add(rank, cookie.text());
  });
}

void TokenCookies::add(CookieNames::Rank rank, std::string_view text) noexcept {
  std::size_t at = size_;
  while (at > 0 && ranks_[at - 1] > rank) --at;
  if (at == kMost || is_empty(text)) return;
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

Presented find_credentials(const http::RequestHead& head, const CookieNames& names, CredentialRules rules,
                           std::optional<TokenCookies>& cookies) noexcept {
  using http::KnownHeader;
  Presented shown;
  // Nobody has refused a question with fields that stand twice.
  if (http::repeats_credentials(head)) {
    shown.kind = Kind::kAmbiguous;
    return shown;
  }
  if (head.has(KnownHeader::kXAuthToken)) {
    const http::AuthCredentials found = http::parse_auth_credentials(head.value(KnownHeader::kXAuthToken));
    if (is_scheme(found, kTokenScheme)) {
      read_words(found, false, shown);
      return shown;
    }
  }
  if (head.has(KnownHeader::kAuthorization)) {
    read_authorization(head.value(KnownHeader::kAuthorization), rules.basic, shown);
    if (shown.kind != Kind::kNothing && (!rules.is_question || is_own(shown))) return shown;
  }
  if (head.has(KnownHeader::kCookie)) read_cookies(cookies.emplace(head, names), shown);
  return shown;
}

}  // namespace latchkey::api
