// Finds the sender of a request from its credentials, or refuses as C-32 says. A token is looked up at once.
// Basic needs the hash pool and thus a task.
// Thread: the core's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "api/request_context.h"
#include "latchkey/api/services.h"
#include "latchkey/runtime/task.h"
#include "latchkey/token/profile.h"

namespace latchkey::api {

/// The sender of a request to a resource that takes a user's credentials (C-36).
struct Caller {
  std::int64_t user_id = 0;  ///< 0: refused and already answered
  std::string name;
  std::optional<token::Token> token;  ///< empty for Basic
  /// Groups and details of a sender known by Basic; null if there are none.
  std::shared_ptr<const token::Profile> profile;
};

/// Identifies the sender by token or by Basic. Answers if the credentials admit nobody. Every answer to a
/// sender known by token carries `Auth-Token-Timeout` (C-31).
/// Lifetime: both arguments outlive the task.
runtime::Task<Caller> identify(RequestContext& request, Services& services);

/// Checks the request's Basic credentials as a login would (C-30), and answers nothing. The refusal is 401,
/// 429 or 503.
/// Lifetime: both arguments outlive the task.
runtime::Task<std::variant<Caller, Refusal>> check_basic(RequestContext& request, Services& services);

}  // namespace latchkey::api
