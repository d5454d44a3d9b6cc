// StartContext: what is there before the first stage of a start, for every stage to use. It lives in the
// frame of `serve` (server.cc) and outlives all that the stages give. It never moves, as they point into it.
// Thread: the main thread makes it; any thread may read it and use its clock and randomness.
#pragma once

#include <unistd.h>

#include <string>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/random.h"
#include "server/ports.h"
#include "server/settings.h"

namespace latchkey::server {

struct StartContext {
  StartContext(const Settings& the_settings, const std::vector<std::string>& the_warnings)
      : settings(the_settings), warnings(the_warnings), ports(the_settings) {}
  StartContext(const StartContext&) = delete;
  StartContext& operator=(const StartContext&) = delete;

  const Settings& settings;
  const std::vector<std::string>& warnings;  ///< of the settings, for the log
  const Ports ports;
  /// Whether standard error is a terminal. Asked once, here: a terminal that has hung up is none any more.
  const bool on_terminal = ::isatty(STDERR_FILENO) == 1;
  SystemClock clock;
  SystemRandom random;
};

}  // namespace latchkey::server
