// How many rounds a run of these tests has, and the number that they are chosen by: from the command line.
#pragma once

#include <cstdint>

namespace latchkey::test {

struct CrashPlan {
  int rounds = 200;        ///< of kill -9; a quarter as many of a failing disk
  std::uint64_t seed = 0;  ///< 0: one that differs from run to run
};

/// The plan of this run; read by the tests, changed by main alone.
CrashPlan& crash_plan();

}  // namespace latchkey::test
