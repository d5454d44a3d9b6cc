#include "latchkey/api/answers.h"

#include <fmt/format.h>

#include "latchkey/base/json_writer.h"

namespace latchkey::api {

void protect_answer(http::ResponseWriter& response) noexcept {
  response.preset("Cache-Control", "no-store");
  response.preset("X-Content-Type-Options", "nosniff");
}

std::string detail_json(std::string_view text) {
  JsonWriter json;
  json.begin_object();
  json.member("detail", text);
  json.end();
  return json.take();
}

void answer_detail(http::ResponseWriter& response, int status, std::string_view text, BootTime now) {
  answer_detail(response, status, {}, text, now);
}

void answer_detail(http::ResponseWriter& response, int status, std::string_view allow, std::string_view text,
                   BootTime now) {
  response.status(status);
  if (!allow.empty()) response.header("Allow", allow);
  response.body(kJsonType, detail_json(text), now);
}

void answer_not_found(http::ResponseWriter& response, std::string_view allow, BootTime now) {
  answer_detail(response, 404, allow, "Not found.", now);
}

void answer_method_not_allowed(http::ResponseWriter& response, std::string_view allow,
                               std::string_view method, BootTime now) {
  answer_detail(response, 405, allow, fmt::format("Method '{}' not allowed.", method), now);
}

void answer_unavailable(http::ResponseWriter& response, std::string_view allow, const Error& error,
                        BootTime now) {
  const std::string_view text = error.code == ErrorCode::kOverloaded
                                    ? "The server is busy. Try again in a moment."
                                    : "The server cannot do this at the moment. Try again later.";
  response.status(503);
  if (!allow.empty()) response.header("Allow", allow);
  response.header("Retry-After", kRetryAfterSeconds).body(kJsonType, detail_json(text), now);
}

void answer_throttled(http::ResponseWriter& response, std::string_view allow, std::int64_t seconds,
                      BootTime now) {
  const std::string text = fmt::format("Request was throttled. Expected available in {} second{}.", seconds,
                                       seconds == 1 ? "" : "s");
  response.status(429);
  if (!allow.empty()) response.header("Allow", allow);
  response.header("Retry-After", seconds).body(kJsonType, detail_json(text), now);
}

bool answer_untried(http::ResponseWriter& response, std::string_view allow, const PasswordVerdict& verdict,
                    BootTime now) {
  if (const auto* const throttled = std::get_if<Throttled>(&verdict)) {
    answer_throttled(response, allow, throttled->seconds, now);
    return true;
  }
  if (const auto* const error = std::get_if<Error>(&verdict)) {
    answer_unavailable(response, allow, *error, now);
    return true;
  }
  return false;
}

}  // namespace latchkey::api
