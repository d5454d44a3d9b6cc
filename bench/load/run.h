// The run: starts the crews, tells them when to begin, shows progress, and collects their results.
// Thread: the main thread.
#pragma once

#include <vector>

#include "latchkey/base/result.h"
#include "load/plan.h"
#include "load/tally.h"

namespace latchkey::load {

/// Returns the merged tally of all threads. SIGINT and SIGTERM end the run early; the results until then are
/// valid. With `show_progress` a line on standard error shows how it goes.
/// Errors: why there was no load at all.
Result<Tally> run_load(const Plan& plan, bool show_progress);

}  // namespace latchkey::load
