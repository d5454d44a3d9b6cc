#include "api/authtoken.h"

#include <fmt/format.h>

#include "latchkey/base/time_text.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

constexpr AnswerDescription kObtained[] = {
    {200, "The token, and the time at which it expires if it is not used.", "Token"},
    {400, "A field is missing or malformed, or the credentials are not right.", "Problems"},
    {403, "The browser says that a form on another site sent it.", "Detail"},
    {429, "Too many failed attempts; `Retry-After` says when to try again.", "Detail"},
    {503, "A bound is reached; `Retry-After` says when to try again.", "Detail"},
};
constexpr AnswerDescription kInvalidated[] = {
    {204, "The token is dead, or there was none.", {}},
    {403,
     "A cookie alone showed the token, without the proof that the request comes from this server's pages.",
     "Detail"},
    {503, "The deletion could not be made durable yet.", "Detail"},
};

constexpr OperationDescription kOperations[] = {
    {http::Method::kPost, "POST", "login", "Obtain a token", Access::kAnyone, kLoginFields, kBodyTypes,
     kObtained},
    {http::Method::kDelete, "DELETE", "logout", "End a token", Access::kHolder, {}, {}, kInvalidated},
};

constexpr ResourceDescription kDescription = {
    .name = "Auth Token",
    .text =
        "POST a username and a password to obtain a token for the requests that follow.\n\n"
        "As JSON (application/json):\n\n    {\"username\": \"user\", \"password\": \"my pass\"}\n\n"
        "or as form data (application/x-www-form-urlencoded):\n\n    username=user&password=my%20pass\n\n"
        "When both are right the answer holds the token, and the time at which it expires if it is not "
        "used:\n\n"
        "    {\n        \"token\": \"8f17825cf08a7efea124f2638f3896f6637f8745\",\n"
        "        \"expires\": \"2013-09-05T21:46:35.729Z\"\n    }\n\n"
        "Otherwise the answer has a status of 4xx and says what is wrong.\n\n"
        "Send the token with each request:\n\n"
        "    Authorization: Token 8f17825cf08a7efea124f2638f3896f6637f8745\n\n"
        "Each use moves its expiry on: a token ends only after a whole timeout without use (1800 seconds "
        "unless the "
        "operator says otherwise). It is good only from the address and the user agent that obtained it.\n\n"
        "DELETE with the token in the header ends it.",
    .tag = "tokens",
    .added_in_version = "1.2",
    .operations = kOperations,
};

}  // namespace

AuthTokenResource::AuthTokenResource(Services& services, Logins& logins)
    : Resource(kDescription), services_(services), logins_(logins) {}

runtime::Task<void> AuthTokenResource::answer(RequestContext& request) {
  return request.head().method == http::Method::kPost ? obtain(request) : invalidate(request);
}

runtime::Task<void> AuthTokenResource::obtain(RequestContext& request) {
  LATCHKEY_AWAIT(const std::optional<Granted> granted,
                 logins_.log_in(request, kOperations[0], LoginVia::kAuthtoken));
  if (!granted) co_return;
  const token::Token::Digits digits = granted->login.token.digits();
  request.reply(200)
      .header("Auth-Token-Timeout", services_.settings.token_timeout_text)
      .header("Pragma", "no-cache")
      .header("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate")
      .json(fmt::format(R"({{"token":"{}","expires":"{}"}})", std::string_view(digits.data(), digits.size()),
                        to_rfc3339(granted->login.expires)));
}

runtime::Task<void> AuthTokenResource::invalidate(RequestContext& request) {
  LATCHKEY_AWAIT(const bool ended, logins_.log_out(request));
  if (ended) request.reply(204).end();
}

}  // namespace latchkey::api
