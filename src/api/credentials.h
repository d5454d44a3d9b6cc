// Finds the credentials of a request: the search of C-30, in its order, over the parsers of `http`. It knows
// what a token looks like in a field and in a cookie. A pure function, whose views point into the request.
#pragma once

#include <optional>
#include <string_view>

#include "latchkey/http/request.h"
#include "latchkey/token/format.h"

namespace latchkey::api {

struct Presented {
  enum class Kind : std::uint8_t {
    kNothing,
    kToken,      ///< `token`, empty if the text cannot be a token that was ever given out
    kBasic,      ///< `word` is for http::parse_basic
    kMalformed,  ///< 401 with `problem`
    kAmbiguous,  ///< 400: the request holds a credential twice
  };
  Kind kind = Kind::kNothing;
  bool bearer = false;     ///< it came as `Bearer`, and is challenged as such (C-32)
  bool by_cookie = false;  ///< it came as a cookie, which a browser sends on its own
  bool is_basic = false;   ///< kMalformed: it came as `Basic`
  std::optional<token::Token> token;
  std::string_view word;
  std::string_view problem;
};

/// `basic`: whether to look at `Authorization: Basic`. Otherwise it is ignored.
Presented find_credentials(const http::RequestHead& head, bool basic) noexcept;

}  // namespace latchkey::api
