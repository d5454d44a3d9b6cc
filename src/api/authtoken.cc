#include "latchkey/api/authtoken.h"

#include <fmt/format.h>

#include <utility>

#include "latchkey/api/answers.h"
#include "latchkey/api/caller.h"
#include "latchkey/base/time_text.h"

namespace latchkey::api {

namespace {

// C-35: what of an agent a session's row keeps as text.
constexpr std::size_t kMaxAgentTextBytes = 256;

constexpr std::string_view kDescription =
    R"({"name":"Auth Token","description":)"
    R"("POST a username and a password to obtain a token for the requests that follow.\n\n)"
    R"(As JSON (application/json):\n\n    {\"username\": \"user\", \"password\": \"my pass\"}\n\n)"
    R"(or as form data (application/x-www-form-urlencoded):\n\n    username=user&password=my%20pass\n\n)"
    R"(When both are right the answer holds the token, and the time at which it expires if it is not used:\n\n)"
    R"(    {\n        \"token\": \"8f17825cf08a7efea124f2638f3896f6637f8745\",\n)"
    R"(        \"expires\": \"2013-09-05T21:46:35.729Z\"\n    }\n\n)"
    R"(Otherwise the answer has a status of 4xx and says what is wrong.\n\n)"
    R"(Send the token with each request:\n\n)"
    R"(    Authorization: Token 8f17825cf08a7efea124f2638f3896f6637f8745\n\n)"
    R"(Each use moves its expiry on: a token ends only after a whole timeout without use (1800 seconds unless the )"
    R"(operator says otherwise). It is good only from the address and the user agent that obtained it.\n\n)"
    R"(DELETE with the token in the header ends it.",)"
    R"("renders":["application/json","text/html"],)"
    R"("parses":["application/json","application/x-www-form-urlencoded","multipart/form-data"],)"
    R"("added_in_version":"1.2","actions":{"POST":{)"
    R"("username":{"type":"string","required":true,"label":"Username","max_length":150},)"
    R"("password":{"type":"string","required":true,"label":"Password","max_length":4096}}}})";

constexpr std::string_view kRefusedLogin = R"({"__all__":["Unable to login with provided credentials."]})";

}  // namespace

bool AuthTokenResource::answer_now(http::Exchange& exchange, ConnectionBinding&) {
  if (exchange.head.method == http::Method::kOptions) {
    exchange.response.status(200).header("Allow", allow()).body(kJsonType, kDescription, services_.now());
    return true;
  }
  if (exchange.head.method == http::Method::kPost) return false;
  const Presented presented = find_credentials(exchange.head, services_.settings.basic);
  if (presented.kind == Presented::Kind::kAmbiguous) {
    answer_detail(exchange.response, 400, allow(), kTwoTokensText, services_.now());
    return true;
  }
  // A deletion without a token of the right form ends nothing, and tells nothing (C-40).
  if (presented.kind == Presented::Kind::kToken && presented.token) return false;
  answer_invalidated(exchange);
  return true;
}

runtime::Task<void> AuthTokenResource::answer(http::Exchange& exchange, ConnectionBinding& binding) {
  return exchange.head.method == http::Method::kPost ? obtain(exchange, binding)
                                                     : invalidate(exchange, binding);
}

runtime::Task<void> AuthTokenResource::obtain(http::Exchange& exchange, ConnectionBinding& binding) {
  http::ResponseWriter& response = exchange.response;
  const net::IpAddress address = remote_address_of(exchange, services_);
  const BootTime began = services_.now();
  LoginFields fields = fields_reader_.read(exchange.head, exchange.body);
  if (fields.status != 200) {
    LogEvent(services_.log, LogLevel::kInfo, "login.invalid")
        .field("address", address.to_text())
        .field("status", fields.status);
    response.status(fields.status).header("Allow", allow()).body(kJsonType, fields.problem, services_.now());
    co_return;
  }

  auto checking = services_.passwords.check(fields.username, std::move(fields.password), address);
  const PasswordVerdict verdict = co_await checking;
  if (answer_verdict(exchange, verdict, fields.username, address)) co_return;
  const auto& user = std::get<credential::User>(verdict);

  token::LoginRequest request;
  request.user_id = user.id;
  request.user_name = user.name;
  const store::BindingHash token_binding = binding_of(exchange, binding, services_);
  request.binding = token_binding;
  if (services_.settings.session_text) {
    request.address = address.to_text();
    request.agent = exchange.head.value(http::KnownHeader::kUserAgent).substr(0, kMaxAgentTextBytes);
  }
  auto logging_in = services_.sessions.login(std::move(request));
  const Result<token::Login> login = co_await logging_in;
  if (!login) {
    auto answering = answer_failed(exchange, user, login.error(), address, began);
    co_await answering;
    co_return;
  }
  // Whoever disables a user or sets a password writes that first and ends the tokens after: so a token made
  // beside it is ended by one side or the other.
  auto asking = services_.authenticator.still_holds(user.id, user.password_number);
  const Result<bool> holds = co_await asking;
  if (!holds || !*holds) {
    auto ending = services_.sessions.end(login->token.bytes(), token_binding);
    const Result<bool> ended = co_await ending;
    if (!holds || !ended) {
      answer_unavailable(response, allow(), holds ? ended.error() : holds.error(), services_.now());
    } else {
      auto refusing = refuse(exchange, fields.username, address, began);
      co_await refusing;
    }
    co_return;
  }
  LogEvent(services_.log, LogLevel::kInfo, login->is_new ? "login.new" : "login.again")
      .field("user", user.name)
      .field("address", address.to_text());
  const token::Token::Digits digits = login->token.digits();
  response.status(200)
      .header("Allow", allow())
      .header("Auth-Token-Timeout", services_.settings.token_timeout_ms / 1000)
      .header("Pragma", "no-cache")
      .header("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate")
      .body(kJsonType,
            fmt::format(R"({{"token":"{}","expires":"{}"}})", std::string_view(digits.data(), digits.size()),
                        to_rfc3339(login->expires)),
            services_.now());
}

/// Answers where the verdict gives no user; false where it does.
bool AuthTokenResource::answer_verdict(http::Exchange& exchange, const PasswordVerdict& verdict,
                                       std::string_view name, const net::IpAddress& address) {
  if (std::holds_alternative<WrongPassword>(verdict)) {
    answer_refused_login(exchange, name, address);
  } else if (const auto* const throttled = std::get_if<Throttled>(&verdict)) {
    answer_throttled(exchange.response, allow(), throttled->seconds, services_.now());
  } else if (const auto* const error = std::get_if<Error>(&verdict)) {
    answer_unavailable(exchange.response, allow(), *error, services_.now());
  }
  return !std::holds_alternative<credential::User>(verdict);
}

// The name and the password were right, and there is no token all the same.
runtime::Task<void> AuthTokenResource::answer_failed(http::Exchange& exchange, const credential::User& user,
                                                     const Error& error, net::IpAddress address,
                                                     BootTime began) {
  if (error.code == ErrorCode::kCancelled) {
    // The user's tokens were ended meanwhile: because he may not log in any more, or for him to do so once
    // more.
    auto asking = services_.authenticator.still_holds(user.id, user.password_number);
    const Result<bool> holds = co_await asking;
    if (holds && !*holds) {
      auto refusing = refuse(exchange, user.name, address, began);
      co_await refusing;
      co_return;
    }
  } else {
    LogEvent(services_.log, LogLevel::kError, "login.failed")
        .field("user", user.name)
        .field("reason", error.text);
  }
  answer_unavailable(exchange.response, allow(), error, services_.now());
}

// The password was right when it was checked and counts no more: the same bytes at the same step of time as
// if it had been wrong (C-14).
runtime::Task<void> AuthTokenResource::refuse(http::Exchange& exchange, std::string name,
                                              net::IpAddress address, BootTime began) {
  auto waiting = services_.passwords.wait_as_if_wrong(began);
  co_await waiting;
  answer_refused_login(exchange, name, address);
}

void AuthTokenResource::answer_refused_login(http::Exchange& exchange, std::string_view name,
                                             const net::IpAddress& address) {
  LogEvent(services_.log, LogLevel::kInfo, "login.refused")
      .field("user", name)
      .field("address", address.to_text());
  exchange.response.status(400).header("Allow", allow()).body(kJsonType, kRefusedLogin, services_.now());
}

runtime::Task<void> AuthTokenResource::invalidate(http::Exchange& exchange, ConnectionBinding& binding) {
  const Presented presented = find_credentials(exchange.head, services_.settings.basic);
  LATCHKEY_ASSERT(presented.token.has_value());
  auto ending = services_.sessions.end(*presented.token, binding_of(exchange, binding, services_));
  const Result<bool> ended = co_await ending;
  if (!ended) {
    LogEvent(services_.log, LogLevel::kError, "logout.failed").field("reason", ended.error().text);
    answer_unavailable(exchange.response, allow(), ended.error(), services_.now());
    co_return;
  }
  if (*ended) {
    LogEvent(services_.log, LogLevel::kInfo, "logout")
        .field("address", remote_address_of(exchange, services_).to_text());
  }
  answer_invalidated(exchange);
}

void AuthTokenResource::answer_invalidated(http::Exchange& exchange) {
  exchange.response.status(204).header("Allow", allow()).no_body(services_.now());
}

}  // namespace latchkey::api
