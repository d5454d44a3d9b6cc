#include "api/logins.h"

#include <utility>

#include "api/caller.h"
#include "latchkey/api/answers.h"
#include "latchkey/api/log_room.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

// C-35: what of an agent a session's row keeps as text.
constexpr std::size_t kMaxAgentTextBytes = 256;

constexpr std::string_view kRefusedLogin = R"({"__all__":["Unable to login with provided credentials."]})";

}  // namespace

runtime::Task<std::optional<Granted>> Logins::log_in(http::Exchange& exchange, ConnectionBinding& binding,
                                                     const OperationDescription& operation,
                                                     std::string_view allow) {
  const BootTime began = services_.now();
  if (is_long_body(exchange.body)) co_await services_.turns.next();
  BodyFields fields = fields_reader_.read(operation, exchange.head, exchange.body);
  if (fields.status != 200) {
    LimitedEvent(services_.log, LogLevel::kInfo, "login.invalid")
        .field("address", remote_address_of(exchange, services_).to_text())
        .field("status", fields.status);
    answer_body_problem(exchange.response, allow, fields, services_.now());
    co_return std::nullopt;
  }
  const std::string name(fields.values[0].view());
  const net::IpAddress address = remote_address_of(exchange, services_);
  watch_address(exchange, address, services_);
  LATCHKEY_AWAIT(const PasswordVerdict verdict,
                 services_.passwords.check(name, std::move(fields.values[1]), address));
  const auto* const user = std::get_if<credential::User>(&verdict);
  if (user == nullptr) {
    if (!answer_untried(exchange.response, allow, verdict, services_.now()))
      answer_refused_login(exchange, name, allow);
    co_return std::nullopt;
  }
  LATCHKEY_CO_RETURN(grant(exchange, binding, *user, allow, began));
}

runtime::Task<std::optional<Granted>> Logins::grant(http::Exchange& exchange, ConnectionBinding& binding,
                                                    const credential::User& user, std::string_view allow,
                                                    BootTime began) {
  const net::IpAddress address = remote_address_of(exchange, services_);
  // Before the token is durable: a login that was answered has its line.
  LATCHKEY_AWAIT(LogRoom room, wait_for_log_room(services_.loop, services_.log));
  if (!room.is_held()) {
    answer_unavailable(exchange.response, allow, log_is_full(), services_.now());
    co_return std::nullopt;
  }
  token::LoginRequest request;
  request.user_id = user.id;
  request.user_name = user.name;
  request.password_number = user.password_number;
  request.binding = binding_of(exchange, binding, services_);
  if (services_.settings.session_text) {
    request.address = address.to_text();
    request.agent = exchange.head.value(http::KnownHeader::kUserAgent).substr(0, kMaxAgentTextBytes);
  }
  LATCHKEY_AWAIT(const Result<token::Login> login, services_.sessions.login(std::move(request)));
  if (!login) {
    LATCHKEY_AWAIT(answer_failed(exchange, user, login.error(), allow, began));
    co_return std::nullopt;
  }
  LogEvent(std::move(room), LogLevel::kInfo, login->is_new ? "login.new" : "login.again")
      .field("address", address.to_text())
      .text("user", user.name);
  co_return Granted{*login, user.name};
}

// The name and the password were right, and there is no token all the same.
runtime::Task<void> Logins::answer_failed(http::Exchange& exchange, const credential::User& user,
                                          const Error& error, std::string_view allow, BootTime began) {
  if (error.code == ErrorCode::kCancelled) {
    // The user may not log in any more, or his tokens were ended meanwhile for him to do so once more.
    LATCHKEY_AWAIT(const Result<bool> holds,
                   credential::still_holds(services_.directory, user.id, user.password_number));
    if (holds && !*holds) {
      LATCHKEY_AWAIT(refuse(exchange, user.name, allow, began));
      co_return;
    }
  } else {
    LogEvent(services_.log, LogLevel::kError, "login.failed")
        .field("address", remote_address_of(exchange, services_).to_text())
        .text("user", user.name)
        .text("reason", error.text);
  }
  answer_unavailable(exchange.response, allow, error, services_.now());
}

// The password was right when it was checked and counts no more: the same bytes at the same step of time as
// if it had been wrong (C-14).
runtime::Task<void> Logins::refuse(http::Exchange& exchange, std::string name, std::string_view allow,
                                   BootTime began) {
  LATCHKEY_AWAIT(services_.passwords.wait_as_if_wrong(began));
  answer_refused_login(exchange, name, allow);
}

void Logins::answer_refused_login(http::Exchange& exchange, std::string_view name, std::string_view allow) {
  {
    LogEvent event(services_.log, LogLevel::kInfo, "login.refused");
    event.field("address", remote_address_of(exchange, services_).to_text());
    services_.passwords.names().put(event, name);
  }
  exchange.response.status(400).header("Allow", allow).body(kJsonType, kRefusedLogin, services_.now());
}

runtime::Task<bool> Logins::log_out(http::Exchange& exchange, ConnectionBinding& binding,
                                    std::string_view allow) {
  const Presented presented = find_credentials(exchange.head, services_.settings.basic);
  if (presented.kind == Presented::Kind::kAmbiguous) {
    answer_detail(exchange.response, 400, allow, kTwoTokensText, services_.now());
    co_return false;
  }
  if (!presented.token) co_return true;
  LATCHKEY_AWAIT(const Result<bool> ended,
                 services_.sessions.end(*presented.token, binding_of(exchange, binding, services_)));
  if (!ended) {
    LimitedEvent(services_.log, LogLevel::kError, "logout.failed")
        .field("address", remote_address_of(exchange, services_).to_text())
        .text("reason", ended.error().text);
    answer_unavailable(exchange.response, allow, ended.error(), services_.now());
    co_return false;
  }
  if (*ended) {
    LogEvent(LogRoom::take(services_.log), LogLevel::kInfo, "logout")
        .field("address", remote_address_of(exchange, services_).to_text());
  }
  co_return true;
}

}  // namespace latchkey::api
