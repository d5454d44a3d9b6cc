#include "api/logins.h"

#include <utility>

#include "latchkey/api/log_room.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

// C-35: how much of an agent a session's row keeps as text.
constexpr std::size_t kMaxAgentTextBytes = 256;

constexpr std::string_view kRefusedLogin = R"({"__all__":["Unable to login with provided credentials."]})";

}  // namespace

LoginResult failed_login_of(const Error& error) noexcept {
  if (error.code == ErrorCode::kInvalid) return LoginResult::kInvalid;
  return error.code == ErrorCode::kOverloaded ? LoginResult::kOverloaded : LoginResult::kUnavailable;
}

LoginResult login_result_of(const PasswordVerdict& verdict) noexcept {
  if (std::holds_alternative<credential::User>(verdict)) return LoginResult::kChecked;
  if (std::holds_alternative<WrongPassword>(verdict)) return LoginResult::kRefused;
  const auto* const error = std::get_if<Error>(&verdict);
  return error == nullptr ? LoginResult::kThrottled : failed_login_of(*error);
}

void note_login(Services& services, LoginVia via, LoginResult result, BootTime began) noexcept {
  services.metrics.logins_via(via)[result].add();
  const std::int64_t took_ns = (services.now() - began).count() * kNanosecondsPerMillisecond;
  const bool is_granted =
      result == LoginResult::kNew || result == LoginResult::kAgain || result == LoginResult::kChecked;
  if (is_granted) services.metrics.granted.record(took_ns);
  if (result == LoginResult::kRefused) services.metrics.refused.record(took_ns);
}

runtime::Task<std::optional<Granted>> Logins::log_in(RequestContext& request,
                                                     const OperationDescription& operation, LoginVia via) {
  const BootTime began = services_.now();
  LoginResult result = LoginResult::kInvalid;
  LATCHKEY_AWAIT(std::optional<Granted> granted, attempt(request, operation, result));
  note_login(services_, via, result, began);
  request.note(kLoginResultNames[static_cast<std::size_t>(result)]);
  co_return granted;
}

runtime::Task<std::optional<Granted>> Logins::attempt(RequestContext& request,
                                                      const OperationDescription& operation,
                                                      LoginResult& result) {
  if (!request.has_address()) {
    request.refuse_nameless();
    co_return std::nullopt;
  }
  const BootTime began = services_.now();
  if (is_long_body(request.body())) co_await services_.turns.next();
  BodyFields fields = fields_reader_.read(operation, request.head(), request.body());
  if (fields.status != 200) {
    LimitedEvent(services_.log, LogLevel::kInfo, "login.invalid")
        .field("address", request.address().to_text())
        .field("status", fields.status);
    request.refuse_body(fields);
    co_return std::nullopt;
  }
  const std::string name(fields.values[0].view());
  request.watch_address();
  LATCHKEY_AWAIT(const PasswordVerdict verdict,
                 services_.passwords.check(name, std::move(fields.values[1]), request.address()));
  const auto* const user = std::get_if<credential::User>(&verdict);
  result = login_result_of(verdict);
  if (user == nullptr) {
    if (!request.untried(verdict)) answer_refused_login(request, name);
    co_return std::nullopt;
  }
  LATCHKEY_CO_RETURN(grant(request, *user, began, result));
}

runtime::Task<std::optional<Granted>> Logins::grant(RequestContext& request, const credential::User& user,
                                                    BootTime began, LoginResult& result) {
  // Taken before the token is durable: every login that was answered has its line.
  LATCHKEY_AWAIT(LogRoom room, wait_for_log_room(services_.loop, services_.log));
  if (!room.is_held()) {
    result = LoginResult::kOverloaded;
    services_.metrics.no_log_room.add();
    request.unavailable(log_is_full());
    co_return std::nullopt;
  }
  token::LoginRequest wanted;
  wanted.user_id = user.id;
  wanted.user_name = user.name;
  wanted.password_number = user.password_number;
  wanted.binding = request.binding();
  if (services_.settings.session_text) {
    wanted.address = request.address().to_text();
    wanted.agent = request.head().value(http::KnownHeader::kUserAgent).substr(0, kMaxAgentTextBytes);
  }
  LATCHKEY_AWAIT(const Result<token::Login> login, services_.sessions.login(std::move(wanted)));
  if (!login) {
    LATCHKEY_AWAIT(result, answer_failed(request, user, login.error(), began));
    co_return std::nullopt;
  }
  result = login->is_new ? LoginResult::kNew : LoginResult::kAgain;
  request.note({}, user.id);
  LogEvent(std::move(room), LogLevel::kInfo, login->is_new ? "login.new" : "login.again")
      .field("address", request.address().to_text())
      .text("user", user.name);
  co_return Granted{*login, user.name};
}

// Answers when the name and password were right but there is no token.
runtime::Task<LoginResult> Logins::answer_failed(RequestContext& request, const credential::User& user,
                                                 const Error& error, BootTime began) {
  if (error.code == ErrorCode::kCancelled) {
    // The user may no longer log in, or their tokens were ended meanwhile and they may try again.
    LATCHKEY_AWAIT(const Result<bool> holds,
                   credential::still_holds(services_.directory, user.id, user.password_number));
    if (holds && !*holds) {
      services_.metrics.changed_meanwhile.add();
      LATCHKEY_AWAIT(refuse(request, user.name, began));
      co_return LoginResult::kRefused;
    }
  } else {
    LogEvent(services_.log, LogLevel::kError, "login.failed")
        .field("address", request.address().to_text())
        .text("user", user.name)
        .text("reason", error.text);
  }
  request.unavailable(error);
  co_return failed_login_of(error);
}

// The password was right when it was checked, but is valid no longer. The answer has the same bytes, at the
// same step of time, as for a wrong one (C-14).
runtime::Task<void> Logins::refuse(RequestContext& request, std::string name, BootTime began) {
  LATCHKEY_AWAIT(services_.passwords.wait_as_if_wrong(began));
  answer_refused_login(request, name);
}

void Logins::answer_refused_login(RequestContext& request, std::string_view name) {
  {
    // Without room its line is a common one: nothing was given that must be told of.
    LogEvent event(LogRoom::take(services_.log), LogLevel::kInfo, "login.refused");
    event.field("address", request.address().to_text());
    services_.passwords.names().put(event, name);
  }
  request.reply(400).json(kRefusedLogin);
}

runtime::Task<bool> Logins::log_out(RequestContext& request) {
  const Presented& presented = request.presented();
  if (!presented.token) co_return true;
  if (!request.has_address()) {
    request.refuse_nameless();
    co_return false;
  }
  LATCHKEY_AWAIT(const Result<bool> ended, services_.sessions.end(*presented.token, request.binding()));
  if (!ended) {
    LimitedEvent(services_.log, LogLevel::kError, "logout.failed")
        .field("address", request.address().to_text())
        .text("reason", ended.error().text);
    request.unavailable(ended.error());
    co_return false;
  }
  if (*ended) {
    services_.metrics.ended[SessionEnd::kLogout].add();
    LogEvent(LogRoom::take(services_.log), LogLevel::kInfo, "logout")
        .field("address", request.address().to_text());
  }
  co_return true;
}

}  // namespace latchkey::api
