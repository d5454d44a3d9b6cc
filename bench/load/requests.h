// The bytes of the requests that the scenarios send, written once before the load. Pure functions.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "load/plan.h"

namespace latchkey::load {

/// The request of `latchkey-bench URL`.
std::string url_request(const Plan& plan);
/// GET /auth/verify with `token` in the Authorization field, from `agent`. A token is bound to the agent that
/// obtained it.
std::string check_request(const Plan& plan, std::string_view agent, std::string_view token);
/// POST /api/v2/authtoken/ with the plan's user and password.
std::string login_request(const Plan& plan, std::string_view agent);
/// DELETE /api/v2/authtoken/.
std::string deletion_request(const Plan& plan, std::string_view agent, std::string_view token);

/// The token in a login's answer; empty if there is none.
std::string_view token_in(std::string_view body) noexcept;

}  // namespace latchkey::load
