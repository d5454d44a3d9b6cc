// Reads what a client shows to be admitted, as C-30 and C-32 look for it: `Authorization` and `X-Auth-Token`
// values, token texts, Basic credentials, the cookie `token`. Which of them counts is the caller's business.
// Pure functions over field values, any thread; only Basic and the cookie copy anything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/http/request.h"

namespace latchkey::http {

inline constexpr std::size_t kTokenBytes = 20;
inline constexpr std::size_t kTokenDigits = 2 * kTokenBytes;
using TokenBytes = std::array<std::uint8_t, kTokenBytes>;

enum class AuthScheme : std::uint8_t { kToken, kBearer, kBasic, kOther };

/// The value of an `Authorization` or `X-Auth-Token` field, split into words by blanks.
struct AuthCredentials {
  enum class Form : std::uint8_t {
    kOneWord,
    kNothing,       ///< the scheme alone: `... No credentials provided.`
    kSeveralWords,  ///< `... should not contain spaces.`
  };
  AuthScheme scheme = AuthScheme::kOther;
  Form form = Form::kNothing;
  std::string_view word;  ///< kOneWord: what stands behind the scheme.
};

/// The scheme counts in any case. An empty value is kOther, kNothing.
AuthCredentials parse_auth_credentials(std::string_view value) noexcept;

/// Exactly 40 lower-case hexadecimal digits; any other text is a token that nobody was given.
std::optional<TokenBytes> parse_token(std::string_view text) noexcept;

/// Whether the head has anything in `Authorization` but a token. Made for the path of a check: no more is
/// compared than tells the usual ways to write a token from all else.
inline bool may_hold_password(const RequestHead& head) noexcept {
  const std::string_view value = head.value(KnownHeader::kAuthorization);
  return !value.empty() && !value.starts_with("Token ") && !value.starts_with("Bearer ");
}

struct BasicCredentials {
  std::string user;
  SecretText password;
};

/// The longest decoded `user:password` that is taken: a user of 150 characters and a password of 4096 bytes
/// (C-15) and more.
inline constexpr std::size_t kMaxBasicBytes = 8192;

/// Decodes the word behind `Basic` (RFC 7617): standard base64 with padding, split at the first colon. Error
/// kInvalid, with the detail that the client reads, for anything else, and for what is not UTF-8.
Result<BasicCredentials> parse_basic(std::string_view word);

/// The cookie named `token` in the value of a Cookie field.
struct CookieToken {
  enum class Status : std::uint8_t {
    kNone,
    kFound,
    kTwice,  ///< C-30: a credential that stands twice is 400
  };
  Status status = Status::kNone;
  std::optional<TokenBytes> token;  ///< kFound: nothing where the text is none that parse_token takes.
};

/// Splits `value` by RFC 6265 §4.2.1, percent-decodes the cookie and drops the '"' around it (C-30).
CookieToken find_cookie_token(std::string_view value) noexcept;

}  // namespace latchkey::http
