// The answers that several resources give, with the exact texts of the contract. All are pure functions over
// a writer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "latchkey/api/password_check.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/http/response.h"

namespace latchkey::api {

inline constexpr std::string_view kJsonType = "application/json";

/// The wait that a client is asked for after a bound was reached. A hash takes tens of milliseconds, so a
/// full queue has room again by then.
inline constexpr std::int64_t kRetryAfterSeconds = 1;

/// The detail of a request whose one credential header holds two tokens (C-30).
inline constexpr std::string_view kTwoTokensText = "The request has two tokens. Send one.";

/// Puts `Cache-Control: no-store` and `X-Content-Type-Options: nosniff` on the answer, whatever it will be.
/// Requires: no answer has been begun.
void protect_answer(http::ResponseWriter& response) noexcept;

/// `{"detail":"..."}` with the text escaped.
std::string detail_json(std::string_view text);

/// Answers a `detail` with this status.
/// Requires: no answer has been begun.
void answer_detail(http::ResponseWriter& response, int status, std::string_view text, BootTime now);

/// The same with an `Allow` field, or without one if `allow` is empty.
void answer_detail(http::ResponseWriter& response, int status, std::string_view allow, std::string_view text,
                   BootTime now);

/// 404 by C-71, with an `Allow` field unless `allow` is empty.
void answer_not_found(http::ResponseWriter& response, std::string_view allow, BootTime now);

/// 405 by C-2.
void answer_method_not_allowed(http::ResponseWriter& response, std::string_view allow,
                               std::string_view method, BootTime now);

/// 503 with `Retry-After`: a bound was reached or the disk failed (C-20). The text does not say which.
void answer_unavailable(http::ResponseWriter& response, std::string_view allow, const Error& error,
                        BootTime now);

/// 429 with `Retry-After`: too many failed attempts (C-20). `seconds` is at least 1.
void answer_throttled(http::ResponseWriter& response, std::string_view allow, std::int64_t seconds,
                      BootTime now);

/// Answers 429 or 503 if the password was not tried. Returns false and writes nothing if it was.
bool answer_untried(http::ResponseWriter& response, std::string_view allow, const PasswordVerdict& verdict,
                    BootTime now);

}  // namespace latchkey::api
