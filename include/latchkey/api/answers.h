// The answers that more than one resource gives, with the contract's exact texts. Pure functions over a
// writer.
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

/// How long a client is told to wait where a bound was reached: hashes take tens of milliseconds, so a queue
/// that was full has room again within this.
inline constexpr std::int64_t kRetryAfterSeconds = 1;

/// The detail of a request whose one credential header holds two tokens (C-30).
inline constexpr std::string_view kTwoTokensText = "The request has two tokens. Send one.";

/// `Cache-Control: no-store` and `X-Content-Type-Options: nosniff` on the answer, whatever it will be. The
/// writer has begun none.
void protect_answer(http::ResponseWriter& response) noexcept;

/// `{"detail":"..."}`, the text escaped.
std::string detail_json(std::string_view text);

/// A `detail` with this status. The caller may have begun no answer.
void answer_detail(http::ResponseWriter& response, int status, std::string_view text, BootTime now);

/// The same, with `Allow` (empty: without).
void answer_detail(http::ResponseWriter& response, int status, std::string_view allow, std::string_view text,
                   BootTime now);

/// 404 by C-71, with `Allow` (empty: without).
void answer_not_found(http::ResponseWriter& response, std::string_view allow, BootTime now);

/// 405 by C-2.
void answer_method_not_allowed(http::ResponseWriter& response, std::string_view allow,
                               std::string_view method, BootTime now);

/// 503 with `Retry-After`: a bound was reached, or the disk refused (C-20). The text names neither.
void answer_unavailable(http::ResponseWriter& response, std::string_view allow, const Error& error,
                        BootTime now);

/// 429 with `Retry-After`: too many failed attempts (C-20). `seconds` is at least 1.
void answer_throttled(http::ResponseWriter& response, std::string_view allow, std::int64_t seconds,
                      BootTime now);

/// Answers where a password was not tried: 429 or 503. False, with nothing written, where it was.
bool answer_untried(http::ResponseWriter& response, std::string_view allow, const PasswordVerdict& verdict,
                    BootTime now);

}  // namespace latchkey::api
