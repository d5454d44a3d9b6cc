// What a client presents to be admitted: the value of a Cookie, an Authorization or an X-Auth-Token field.
// Each is read in every way in which the server may read it.
#include <sodium.h>

#include <algorithm>
#include <string>

#include "api/credentials.h"
#include "fuzz/property.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/credentials.h"

namespace latchkey::fuzz {
namespace {

using Kind = api::Presented::Kind;

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string hex_of(const token::Token& token) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : token.bytes()) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

/// How many of a Cookie's pairs are named `token`.
std::size_t count_tokens(std::string_view value) {
  std::size_t count = 0;
  while (!value.empty()) {
    const std::string_view pair = take_until(value, ';');
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && without_blanks(pair.substr(0, equals)) == "token") ++count;
  }
  return count;
}

/// What the server finds in a request with this one field.
api::Presented found_in(http::KnownHeader field, std::string_view value) {
  http::RequestHead head;
  head.headers[0] = {.name = {}, .value = value, .known = field};
  head.header_count = 1;
  head.known[static_cast<std::size_t>(field)] = {.first = 0, .lines = 1};
  return api::find_credentials(head, true);
}

void check_cookie(std::string_view value) {
  const api::Presented cookie = found_in(http::KnownHeader::kCookie, value);
  const std::size_t count = count_tokens(value);
  require((cookie.kind == Kind::kNothing) == (count == 0), "a token that is there is found");
  require((cookie.kind == Kind::kAmbiguous) == (count > 1), "two tokens are seen");
  require((cookie.kind == Kind::kToken) == (count == 1), "a cookie is a token or none");
  if (!cookie.token) return;
  require(cookie.kind == Kind::kToken && cookie.by_cookie, "of two tokens none counts");
  const std::string digits = hex_of(*cookie.token);
  for (const std::string& again :
       {"token=" + digits, "a=b; token=\"" + digits + "\"; c", " token = %22" + digits + "%22"}) {
    require(found_in(http::KnownHeader::kCookie, again).token == cookie.token,
            "what it accepts is written back equal");
  }
  require(token::Token::parse(digits) == cookie.token, "a token is its digits");
}

void check_basic(std::string_view word) {
  const auto basic = http::parse_basic(word);
  if (!basic) {
    require(basic.error().text.starts_with("Invalid basic header."), "the client is told");
    return;
  }
  const std::string pair = basic->user + ":" + std::string(basic->password.view());
  require(basic->user.find(':') == std::string::npos && is_utf8(pair),
          "a name has no colon, and all is UTF-8");
  require(pair.size() <= http::kMaxBasicBytes, "credentials keep their length");
  std::string again(sodium_base64_ENCODED_LEN(pair.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(again.data(), again.size(), reinterpret_cast<const unsigned char*>(pair.data()),
                    pair.size(), sodium_base64_VARIANT_ORIGINAL);
  again.pop_back();  // its NUL
  require(again == word, "one text has one encoding");
}

void check_words(std::string_view value) {
  const http::AuthCredentials credentials = http::parse_auth_credentials(value);
  const std::string_view trimmed = without_blanks(value);
  require(lies_within(credentials.word, value), "the word lies in the value");
  const bool has_word = credentials.form == http::AuthCredentials::Form::kOneWord;
  require(has_word != credentials.word.empty(), "one word is a word");
  if (!has_word) return;
  require(trimmed.ends_with(credentials.word), "the word stands at the end");
  require(credentials.word.find_first_of(" \t") == std::string_view::npos, "a word has no blanks");
  check_basic(credentials.word);
  const auto token = token::Token::parse(credentials.word);
  if (token) require(hex_of(*token) == credentials.word, "a token is written back equal");
  require(found_in(http::KnownHeader::kAuthorization, value).token.has_value() <= token.has_value(),
          "no other word admits");
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value = latchkey::fuzz::text_of(data, size);
  latchkey::fuzz::check_cookie(value);
  latchkey::fuzz::check_words(value);
  latchkey::fuzz::check_basic(value);
  return 0;
}
