// The run: starts the crews, tells them when to begin, shows how it goes, and gathers what they saw. Main
// thread.
#pragma once

#include <vector>

#include "latchkey/base/result.h"
#include "load/plan.h"
#include "load/tally.h"

namespace latchkey::load {

/// The merged tally of all threads. SIGINT and SIGTERM end the run early, and what was seen until then
/// counts. The error says why there was no load at all. With `show_progress` a line on standard error says
/// how it goes.
Result<Tally> run_load(const Plan& plan, bool show_progress);

}  // namespace latchkey::load
