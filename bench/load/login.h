// The login before the load: the tokens that checks need are obtained on the main thread, one after the
// other, by plain blocking calls.
#pragma once

#include "latchkey/base/result.h"
#include "load/plan.h"

namespace latchkey::load {

/// Connects once and closes again. The error says why nothing can be loaded there.
Result<void> reach(const Plan& plan);

/// Logs in once from each address that connections come from, and puts the tokens into the plan. The error is
/// the server's answer, or why there was none.
Result<void> obtain_tokens(Plan& plan);

}  // namespace latchkey::load
