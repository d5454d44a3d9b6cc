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
#include "latchkey/http/characters.h"
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
  const std::size_t lines = head.lines(KnownHeader::kAuthorization);
  if (lines != 1) return lines != 0;
  const std::string_view value = head.value(KnownHeader::kAuthorization);
  return !value.empty() && !value.starts_with("Token ") && !value.starts_with("Bearer ");
}

/// Whether a field that holds credentials stands twice: two readers could pick different ones (C-30). Cookies
/// are a list, and may stand in several fields.
inline bool repeats_credentials(const RequestHead& head) noexcept {
  return (head.lines(KnownHeader::kXAuthToken) | head.lines(KnownHeader::kAuthorization)) > 1;
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

/// One cookie of a request, as views into its head.
struct Cookie {
  std::string_view name;
  std::string_view raw;  ///< its value as sent, with the blanks around it

  /// Most cookies are passed over by their names: their values are not worth a look.
  std::string_view text() const noexcept { return trim_blanks(raw); }
};

/// Calls `visit(Cookie)` for each cookie in the value of a Cookie field, split by RFC 6265 §4.2.1, in their
/// order. What has no `=` is passed over. Goes byte by byte: a search for each semicolon would make a field
/// of only semicolons expensive.
template <class Visit>
void for_each_cookie(std::string_view value, Visit visit) {
  for (std::size_t at = 0; at < value.size(); ++at) {
    const std::size_t begin = at;
    while (at < value.size() && value[at] != ';' && value[at] != '=') ++at;
    if (at == value.size() || value[at] == ';') continue;
    const std::size_t equals = at;
    while (at < value.size() && value[at] != ';') ++at;
    visit(
        Cookie{trim_blanks(value.substr(begin, equals - begin)), value.substr(equals + 1, at - equals - 1)});
  }
}

/// The most cookies of a request that are looked at. Browsers keep fewer than 200 per domain.
inline constexpr std::size_t kMaxCookies = 1024;

/// The same for the first kMaxCookies of a request. Several Cookie fields are one list: an intermediary may
/// split the field, and HTTP/2 and HTTP/3 do (RFC 9113 §8.2.3, RFC 6265bis §5.8.1).
template <class Visit>
void for_each_cookie(const RequestHead& head, Visit visit) {
  std::size_t cookies = 0;
  std::size_t left = head.lines(KnownHeader::kCookie);
  for (std::size_t i = head.known[static_cast<std::size_t>(KnownHeader::kCookie)].first; left > 0; ++i) {
    if (head.headers[i].known != KnownHeader::kCookie) continue;
    --left;
    for_each_cookie(head.headers[i].value, [&visit, &cookies](const Cookie& cookie) {
      if (cookies++ < kMaxCookies) visit(cookie);
    });
  }
}

}  // namespace latchkey::http
