// Finds the credentials of a request: the search of C-30, in its order, over the parsers of `http`. It knows
// what a token looks like in a field and in a cookie. Pure functions, whose views point into the request.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "latchkey/api/cookie_names.h"
#include "latchkey/http/request.h"
#include "latchkey/token/format.h"

namespace latchkey::api {

struct Presented {
  enum class Kind : std::uint8_t {
    kNothing,
    kToken,      ///< `token`, empty if the text cannot be a token that was ever given out
    kBasic,      ///< `word` is for http::parse_basic
    kMalformed,  ///< 401 with `problem`
    kAmbiguous,  ///< 401: a field that holds credentials stands twice (http::repeats_credentials)
  };
  Kind kind = Kind::kNothing;
  bool bearer = false;     ///< it came as `Bearer`, and is challenged as such (C-32)
  bool by_cookie = false;  ///< it came as a cookie, which a browser sends on its own
  bool is_basic = false;   ///< kMalformed: it came as `Basic`
  std::optional<token::Token> token;
  std::string_view word;
  std::string_view problem;
};

/// What a resource takes for credentials (C-30).
struct CredentialRules {
  /// Whether `Authorization: Basic` is taken. Otherwise it is passed over.
  bool basic = true;
  /// Whether a proxy asks, about a request to an application. An `Authorization` that is not Latchkey's is
  /// then the application's own, and passed over where there is a cookie: another scheme, `Bearer` or `Token`
  /// without a word that may be a token, and Basic where it is not taken.
  bool is_question = false;
};

/// The token in a cookie's text. Nothing if it cannot be one that was ever given out.
std::optional<token::Token> token_of_cookie(std::string_view text) noexcept;

/// The cookies of a request that may hold its token, in the order in which they are tried: by the rank of
/// their names, and as they stand. Empty ones are none.
/// Lifetime: the head outlives the object.
class TokenCookies {
 public:
  /// The rest are not tried: each costs a look into the table.
  static constexpr std::size_t kMost = 4;

  TokenCookies(const http::RequestHead& head, const CookieNames& names) noexcept;

  std::size_t size() const noexcept { return size_; }
  /// Nothing if the text cannot be a token that was ever given out.
  /// Requires: `i` is less than `size()`.
  std::optional<token::Token> token(std::size_t i) const noexcept;

 private:
  void add(CookieNames::Rank rank, std::string_view text) noexcept;

  std::size_t size_ = 0;
  std::array<CookieNames::Rank, kMost> ranks_{};
  std::array<std::string_view, kMost> texts_;
};

/// The credentials that a request shows. If they may be a cookie, `cookies` gets all that there are, and the
/// first of them is shown: which of them counts is told by the table alone (RequestContext::presented).
Presented find_credentials(const http::RequestHead& head, const CookieNames& names, CredentialRules rules,
                           std::optional<TokenCookies>& cookies) noexcept;

}  // namespace latchkey::api
