// The login before the load. It obtains the tokens that checks need, one after another, by blocking calls.
// Thread: the main thread.
#pragma once

#include "latchkey/base/result.h"
#include "load/plan.h"

namespace latchkey::load {

/// Connects once and closes again.
/// Errors: why nothing there can be loaded.
Result<void> reach(const Plan& plan);

/// Logs in once from each source address, and puts the tokens into the plan.
/// Errors: the server's answer, or why there was none.
Result<void> obtain_tokens(Plan& plan);

}  // namespace latchkey::load
