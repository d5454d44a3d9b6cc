// Logins: how a username and a password become a token, and how a token ends at its holder's word; what the
// token resource and the cookie's have in common. One object a core; that core's thread only.
#pragma once

#include <optional>
#include <string>

#include "api/body_fields.h"
#include "api/credentials.h"
#include "api/memo.h"
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

class Logins {
 public:
  /// `services` outlives the object.
  explicit Logins(Services& services)
      : services_(services), fields_reader_(services.settings.max_body_bytes) {}

  /// Reads the body by `operation`, whose fields are kLoginFields, and obtains a token (C-10 to C-21).
  /// Nothing where there is none: then it has answered, with this `Allow`.
  runtime::Task<std::optional<Granted>> log_in(http::Exchange& exchange, ConnectionBinding& binding,
                                               const OperationDescription& operation, std::string_view allow);

  /// Ends the token that the request shows, and tells nothing where it shows none of the right form (C-40).
  /// False where that could not be promised: then it has answered, with this `Allow`.
  runtime::Task<bool> log_out(http::Exchange& exchange, ConnectionBinding& binding, std::string_view allow);

 private:
  runtime::Task<std::optional<Granted>> grant(http::Exchange& exchange, ConnectionBinding& binding,
                                              const credential::User& user, std::string_view allow,
                                              BootTime began);
  runtime::Task<void> answer_failed(http::Exchange& exchange, const credential::User& user,
                                    const Error& error, std::string_view allow, BootTime began);
  runtime::Task<void> refuse(http::Exchange& exchange, std::string name, std::string_view allow,
                             BootTime began);
  void answer_refused_login(http::Exchange& exchange, std::string_view name, std::string_view allow);

  Services& services_;
  BodyFieldsReader fields_reader_;
};

}  // namespace latchkey::api
