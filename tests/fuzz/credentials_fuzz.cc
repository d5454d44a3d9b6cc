// What a client presents to be admitted: the value of a Cookie, an Authorization or an X-Auth-Token field.
// Each is read in every way in which the server may read it.
#include <sodium.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "api/credentials.h"
#include "fuzz/property.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/credentials.h"

namespace latchkey::fuzz {
namespace {

using Kind = api::Presented::Kind;

/// Where one field of several ends in the fuzzer's input.
constexpr char kFieldEnd = '\n';

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

const api::CookieNames& names() {
  static const api::CookieNames kNames("sid");
  return kNames;
}

/// The cookies that may hold the token, in the order in which they are tried: those of each name in turn.
std::vector<std::string> plain_candidates(std::string_view value) {
  std::vector<std::string> candidates;
  for (const std::string_view name : {"__Host-sid", "sid", "token"}) {
    std::string_view fields = value;
    while (!fields.empty()) {
      std::string_view field = take_until(fields, kFieldEnd);
      while (!field.empty()) {
        const std::string_view pair = take_until(field, ';');
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string_view text = without_blanks(pair.substr(std::min(equals + 1, pair.size())));
        if (equals < pair.size() && without_blanks(pair.substr(0, equals)) == name && !text.empty() &&
            text != "\"\"")
          candidates.emplace_back(text);
      }
    }
  }
  if (candidates.size() > api::TokenCookies::kMost) candidates.resize(api::TokenCookies::kMost);
  return candidates;
}

/// A request with one field of this value, or one for each of its lines.
http::RequestHead head_of(http::KnownHeader field, std::string_view value) {
  http::RequestHead head{};
  auto& known = head.known[static_cast<std::size_t>(field)];
  while (!value.empty() && head.header_count + 1 < http::kMaxHeaders) {
    // Fields of other names stand between them.
    head.headers[head.header_count++] = {.name = {}, .value = "sid=x", .known = http::KnownHeader::kOther};
    if (known.lines == 0) known.first = static_cast<std::uint8_t>(head.header_count);
    head.headers[head.header_count++] = {.name = {}, .value = take_until(value, kFieldEnd), .known = field};
    ++known.lines;
  }
  return head;
}

/// What the server finds in a request with this one field.
api::Presented found_in(http::KnownHeader field, std::string_view value, bool is_question = false) {
  std::optional<api::TokenCookies> cookies;
  return api::find_credentials(head_of(field, value), names(), {.is_question = is_question}, cookies);
}

void check_cookie(std::string_view value) {
  const http::RequestHead head = head_of(http::KnownHeader::kCookie, value);
  if (static_cast<std::size_t>(std::count(value.begin(), value.end(), kFieldEnd)) >= http::kMaxHeaders / 2)
    return;
  const api::TokenCookies cookies(head, names());
  const std::vector<std::string> plain = plain_candidates(value);
  require(cookies.size() == plain.size(), "the cookies are those of a plain search");
  for (std::size_t i = 0; i < plain.size(); ++i) {
    require(cookies.token(i) == api::token_of_cookie(plain[i]), "they are tried in its order");
  }
  std::optional<api::TokenCookies> found;
  const api::Presented cookie = api::find_credentials(head, names(), {}, found);
  require((cookie.kind == Kind::kToken) == !plain.empty(), "a cookie that is there is found");
  require((cookie.kind == Kind::kNothing) == plain.empty(), "a cookie is a token or none");
  require(cookie.by_cookie == !plain.empty(), "it is told that it is a cookie");
  require(!found || found->size() == plain.size(), "all of them are given");
  if (!cookie.token) return;
  require(cookie.token == cookies.token(0), "the first is shown");
  const std::string digits = hex_of(*cookie.token);
  for (const std::string& again :
       {"token=" + digits, "a=b; token=\"" + digits + "\"; c", " token = %22" + digits + "%22",
        "token=x; sid=" + digits, "sid=x\n__Host-sid=" + digits}) {
    require(found_in(http::KnownHeader::kCookie, again).token == cookie.token,
            "what it accepts is written back equal");
  }
  require(token::Token::parse(digits) == cookie.token, "a token is its digits");
}

/// An application's Authorization beside a cookie.
void check_question(std::string_view value) {
  const std::string digits(token::kTokenDigits, 'a');
  http::RequestHead head = head_of(http::KnownHeader::kAuthorization, value);
  if (head.lines(http::KnownHeader::kAuthorization) != 1) return;
  const std::string cookie = "sid=" + digits;
  auto& known = head.known[static_cast<std::size_t>(http::KnownHeader::kCookie)];
  known = {.first = static_cast<std::uint8_t>(head.header_count), .lines = 1};
  head.headers[head.header_count++] = {.name = {}, .value = cookie, .known = http::KnownHeader::kCookie};
  const api::Presented alone = found_in(http::KnownHeader::kAuthorization, value, true);
  std::optional<api::TokenCookies> cookies;
  const api::Presented both = api::find_credentials(head, names(), {.is_question = true}, cookies);
  const bool is_own = alone.token || alone.kind == Kind::kBasic || alone.is_basic;
  require(both.by_cookie == !is_own, "what is not Latchkey's gives way to the cookie");
  require(both.token == (is_own ? alone.token : token::Token::parse(digits)), "and nothing else does");
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
  // Of a field with several lines the word is not the request's.
  if (value.find(kFieldEnd) != std::string_view::npos) return;
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
  latchkey::fuzz::check_question(value);
  latchkey::fuzz::check_basic(value);
  return 0;
}
