// Who sends a request: from the credentials that it shows to a user, or to the refusal that C-32 says. A
// token is looked up at once; Basic needs the hash pool and so a task. Thread: the core's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/request_context.h"
#include "latchkey/api/services.h"
#include "latchkey/runtime/task.h"

namespace latchkey::api {

/// Who sends a request to a resource that takes a user's credentials (C-36).
struct Caller {
  std::int64_t user_id = 0;  ///< 0: refused, and answered already
  std::string name;
  std::optional<token::Token> token;  ///< nothing where it was Basic
};

/// Finds out who sends the request, by token or by Basic, and answers where it is nobody who may. Every
/// answer to a caller who is known carries `Auth-Token-Timeout` where it was by token (C-31). Lifetime: both
/// outlive the task.
runtime::Task<Caller> identify(RequestContext& request, Services& services);

/// Checks the Basic credentials that the request shows as a login would be (C-30), and answers 401, 429 or
/// 503 where they admit nobody. Lifetime: both outlive the task.
runtime::Task<Caller> check_basic(RequestContext& request, Services& services);

}  // namespace latchkey::api
