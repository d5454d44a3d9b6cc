// Options: reads the command line of latchkey-bench and checks its bounds.
// Thread: the main thread.
#pragma once

#include <iosfwd>
#include <variant>

#include "load/plan.h"

namespace latchkey::load {

// The exit statuses. The comment above each is what the manual page and docs/reference say of it.

/// Done.
inline constexpr int kExitDone = 0;
/// An assertion does not hold, or nothing could be loaded.
inline constexpr int kExitBroken = 1;
/// Wrong usage.
inline constexpr int kExitUsage = 2;

/// Returns a plan that is valid except for its tokens; or, if there is nothing to run, the exit status. Help
/// and version are written to `output`, problems to `errors`. A password is read from `input`.
std::variant<Plan, int> read_options(int argument_count, const char* const* arguments, std::istream& input,
                                     std::ostream& output, std::ostream& errors);

}  // namespace latchkey::load
