// Reads the credentials that HTTP itself defines: the value of `Authorization` and of fields like it, Basic
// credentials, and cookies. What a scheme or a cookie means is the caller's business (C-30, C-32). Pure
// functions over field values; only Basic copies anything. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/http/request.h"

namespace latchkey::http {

/// The value of an `Authorization` field, or of one like it, split into words by blanks.
struct AuthCredentials {
  enum class Form : std::uint8_t {
    kOneWord,
    kNothing,       ///< the scheme alone: `... No credentials provided.`
    kSeveralWords,  ///< `... should not contain spaces.`
  };
  std::string_view scheme;  ///< as sent; its case does not matter (RFC 9110 §11.1)
  Form form = Form::kNothing;
  std::string_view word;  ///< kOneWord: the word behind the scheme
};

/// An empty value has an empty scheme and is kNothing.
AuthCredentials parse_auth_credentials(std::string_view value) noexcept;

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

/// One cookie of a Cookie field.
struct Cookie {
  enum class Status : std::uint8_t { kNone, kFound, kTwice };
  Status status = Status::kNone;
  std::string_view text;  ///< kFound: its value as sent, without the blanks around it
};

/// Looks for the cookie `name` in the value of a Cookie field, which it splits by RFC 6265 §4.2.1. Names are
/// compared as they are, with their case.
Cookie find_cookie(std::string_view value, std::string_view name) noexcept;

}  // namespace latchkey::http
