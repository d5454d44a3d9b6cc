// Logins: turns a username and a password into a token, and ends a token when its holder asks. The token
// resource and the cookie's share it.
// Thread: its core's; one object per core.
#pragma once

#include <optional>
#include <string>

#include "api/body_fields.h"
#include "api/credentials.h"
#include "api/request_context.h"
#include "latchkey/api/api_metrics.h"
#include "latchkey/api/services.h"
#include "latchkey/http/handler.h"
#include "latchkey/runtime/task.h"

namespace latchkey::api {

/// The fields of every login, username first (C-15).
inline constexpr std::array<FieldDescription, 2> kLoginFields = {{
    {.name = "username", .label = "Username", .max_length = kMaxUsernameCharacters},
    {.name = "password", .label = "Password", .max_length = kMaxPasswordBytes, .is_password = true},
}};

struct Granted {
  token::Login login;
  std::string user_name;
};

/// What monitoring counts a login as, by what became of its password, or by the error behind that.
LoginResult login_result_of(const PasswordVerdict& verdict) noexcept;
LoginResult failed_login_of(const Error& error) noexcept;
/// Counts a login that `began` then.
void note_login(Services& services, LoginVia via, LoginResult result, BootTime began) noexcept;

class Logins {
 public:
  /// Lifetime: `services` outlives the object.
  explicit Logins(Services& services)
      : services_(services), fields_reader_(services.settings.max_body_bytes) {}

  /// Reads the body by `operation`, whose fields are kLoginFields, and obtains a token (C-10 to C-21). If it
  /// returns nothing, it has answered.
  /// Lifetime: both references outlive the task.
  runtime::Task<std::optional<Granted>> log_in(RequestContext& request, const OperationDescription& operation,
                                               LoginVia via);

  /// Ends the token that the request shows. Does not tell if the request shows none of the right form (C-40).
  /// If it returns false, the end could not be promised and it has answered.
  /// Lifetime: the request outlives the task.
  runtime::Task<bool> log_out(RequestContext& request);

 private:
  /// These say in `result` what became of the login.
  runtime::Task<std::optional<Granted>> attempt(RequestContext& request,
                                                const OperationDescription& operation, LoginResult& result);
  runtime::Task<std::optional<Granted>> grant(RequestContext& request, const credential::User& user,
                                              BootTime began, LoginResult& result);
  runtime::Task<LoginResult> answer_failed(RequestContext& request, const credential::User& user,
                                           const Error& error, BootTime began);
  runtime::Task<void> refuse(RequestContext& request, std::string name, BootTime began);
  void answer_refused_login(RequestContext& request, std::string_view name);

  Services& services_;
  BodyFieldsReader fields_reader_;
};

}  // namespace latchkey::api
