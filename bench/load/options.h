// Options: the command line of latchkey-bench, read and held against its bounds. Main thread.
#pragma once

#include <iosfwd>
#include <variant>

#include "load/plan.h"

namespace latchkey::load {

inline constexpr int kExitDone = 0;
inline constexpr int kExitBroken = 1;  ///< an assertion does not hold, or nothing could be loaded
inline constexpr int kExitUsage = 2;

/// A plan that has been found good but for its tokens; or, where there is nothing to run, the exit status:
/// help and version were written to `output`, or what is wrong to `errors`. `input` is where a password is
/// read from.
std::variant<Plan, int> read_options(int argument_count, const char* const* arguments, std::istream& input,
                                     std::ostream& output, std::ostream& errors);

}  // namespace latchkey::load
