#include "api/credentials.h"

namespace latchkey::api {

namespace {

using Kind = Presented::Kind;

Presented from_words(const http::AuthCredentials& found) noexcept {
  Presented presented;
  presented.bearer = found.scheme == http::AuthScheme::kBearer;
  switch (found.form) {
    case http::AuthCredentials::Form::kOneWord:
      presented.kind = Kind::kToken;
      presented.token = http::parse_token(found.word);
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
  using http::AuthScheme;
  using http::KnownHeader;
  if (head.has(KnownHeader::kXAuthToken)) {
    const http::AuthCredentials found = http::parse_auth_credentials(head.value(KnownHeader::kXAuthToken));
    if (found.scheme == AuthScheme::kToken) return from_words(found);
  }
  if (head.has(KnownHeader::kAuthorization)) {
    const http::AuthCredentials found = http::parse_auth_credentials(head.value(KnownHeader::kAuthorization));
    if (found.scheme == AuthScheme::kToken || found.scheme == AuthScheme::kBearer) return from_words(found);
    if (found.scheme == AuthScheme::kBasic && basic) return from_basic(found);
  }
  Presented presented;
  if (!head.has(KnownHeader::kCookie)) return presented;
  const http::CookieToken cookie = http::find_cookie_token(head.value(KnownHeader::kCookie));
  if (cookie.status == http::CookieToken::Status::kTwice) presented.kind = Kind::kAmbiguous;
  if (cookie.status == http::CookieToken::Status::kFound) {
    presented.kind = Kind::kToken;
    presented.by_cookie = true;
    presented.token = cookie.token;
  }
  return presented;
}

}  // namespace latchkey::api
