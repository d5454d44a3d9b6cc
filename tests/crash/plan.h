// CrashPlan: how many rounds a run of these tests has, and the seed that they are chosen by, from the command
// line.
#pragma once

#include <cstdint>

namespace latchkey::test {

struct CrashPlan {
  int rounds = 200;        ///< of kill -9; a quarter as many of a failing disk
  std::uint64_t seed = 0;  ///< 0: a different one for each run
};

/// The plan of this run. Only main changes it; the tests read it.
CrashPlan& crash_plan();

}  // namespace latchkey::test
