// Which credentials a request comes with: the search of C-30, in its order, over the parsers of `http`. What
// a token looks like in a field and in a cookie is known here. A pure function; views point into the request.
#pragma once

#include <optional>
#include <string_view>

#include "latchkey/http/request.h"
#include "latchkey/token/format.h"

namespace latchkey::api {

struct Presented {
  enum class Kind : std::uint8_t {
    kNothing,
    kToken,      ///< `token`, or nothing where the text is none that was ever given out
    kBasic,      ///< `word` is for http::parse_basic
    kMalformed,  ///< 401 with `problem`
    kAmbiguous,  ///< 400: a credential stands twice
  };
  Kind kind = Kind::kNothing;
  bool bearer = false;     ///< it came as `Bearer`, and is challenged so (C-32)
  bool by_cookie = false;  ///< it came as a cookie, which a browser sends of itself
  bool is_basic = false;   ///< kMalformed: it came as `Basic`
  std::optional<token::Token> token;
  std::string_view word;
  std::string_view problem;
};

/// `basic`: whether `Authorization: Basic` is looked at; where it is not, it is passed over.
Presented find_credentials(const http::RequestHead& head, bool basic) noexcept;

}  // namespace latchkey::api
