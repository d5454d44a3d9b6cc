#include "latchkey/http/credentials.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <optional>

#include "latchkey/base/scrub.h"
#include "latchkey/base/utf8.h"

namespace latchkey::http {

namespace {

/// Searches for each character separately: `find_first_of` calls memchr once per character.
std::size_t find_blank(std::string_view text) noexcept { return std::min(text.find(' '), text.find('\t')); }

}  // namespace

AuthCredentials parse_auth_credentials(std::string_view value) noexcept {
  value = trim_blanks(value);
  const std::size_t blank = std::min(find_blank(value), value.size());
  AuthCredentials credentials;
  credentials.scheme = value.substr(0, blank);
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

namespace {

/// Nothing if it is not Basic. Leaves its temporaries on the stack, for its caller to scrub.
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

}  // namespace latchkey::http
