// Reads the credentials that HTTP itself defines: the value of `Authorization` and similar fields, Basic
// credentials, and cookies. The meaning of a scheme or a cookie is the caller's concern (C-30, C-32). All are
// pure functions over field values; only Basic copies anything.
// Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/http/request.h"

namespace latchkey::http {

/// The value of an `Authorization` or similar field, split into words at blanks.
struct AuthCredentials {
  enum class Form : std::uint8_t {
    kOneWord,
    kNothing,       ///< the scheme alone: `... No credentials provided.`
    kSeveralWords,  ///< `... should not contain spaces.`
  };
  std::string_view scheme;  ///< as sent; its case does not matter (RFC 9110 §11.1)
  Form form = Form::kNothing;
  std::string_view word;  ///< kOneWord: the word after the scheme
};

/// An empty value gives an empty scheme and kNothing.
AuthCredentials parse_auth_credentials(std::string_view value) noexcept;

/// Whether `Authorization` holds anything but a token. A check runs this, so it compares only as much as it
/// takes to tell the usual spellings of a token from everything else.
inline bool may_hold_password(const RequestHead& head) noexcept {
  const std::string_view value = head.value(KnownHeader::kAuthorization);
  if (head.lines(KnownHeader::kAuthorization) > 1) return true;
  return !value.empty() && !value.starts_with("Token ") && !value.starts_with("Bearer ");
}

struct BasicCredentials {
  std::string user;
  SecretText password;
};

/// The longest decoded `user:password` that is accepted. It leaves room beyond a user of 150 characters and a
/// password of 4096 bytes (C-15).
inline constexpr std::size_t kMaxBasicBytes = 8192;

/// Decodes the word after `Basic` (RFC 7617): standard base64 with padding, split at the first colon.
/// Errors: kInvalid for anything else and for text that is not UTF-8. Its text is the detail for the client.
Result<BasicCredentials> parse_basic(std::string_view word);

/// One cookie of a Cookie field.
struct Cookie {
  enum class Status : std::uint8_t { kNone, kFound, kTwice };
  Status status = Status::kNone;
  std::string_view text;  ///< kFound: its value as sent, without the blanks around it
};

/// Finds the cookie `name` in the value of a Cookie field, split by RFC 6265 §4.2.1. The comparison of names
/// is case-sensitive.
Cookie find_cookie(std::string_view value, std::string_view name) noexcept;

}  // namespace latchkey::http
