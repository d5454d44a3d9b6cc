// What the answers of several resources have in common. All are pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "latchkey/http/response.h"

namespace latchkey::api {

inline constexpr std::string_view kJsonType = "application/json";

/// The wait that a client is asked for after a bound was reached. A hash takes tens of milliseconds, so a
/// full queue has room again by then.
inline constexpr std::int64_t kRetryAfterSeconds = 1;

/// The detail of a question with `X-Auth-Token` or `Authorization` twice (C-30), as of any other request.
inline constexpr std::string_view kRepeatedCredentialText = "a credential header stands twice";

/// Puts `Cache-Control: no-store` and `X-Content-Type-Options: nosniff` on the answer, whatever it will be.
/// Requires: no answer has been begun.
void protect_answer(http::ResponseWriter& response) noexcept;

/// `{"detail":"..."}` with the text escaped.
std::string detail_json(std::string_view text);

}  // namespace latchkey::api
