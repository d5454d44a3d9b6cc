// StartContext: what exists before the first stage of a start, for every stage to use.
// Thread: the main thread makes it; any thread may read it and use its clock and randomness.
// Lifetime: it lives in the frame of `serve` (server.cc), outlives everything that the stages return, and
// never moves, because they point into it.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/random.h"
#include "server/ports.h"
#include "server/settings.h"

namespace latchkey::server {

/// $JOURNAL_STREAM; empty if it is not set.
inline std::string_view journal_stream() noexcept {
  const char* const value = std::getenv("JOURNAL_STREAM");
  return value == nullptr ? std::string_view() : std::string_view(value);
}

struct StartContext {
  explicit StartContext(const LoadedSettings& loaded)
      : settings(loaded.settings),
        warnings(loaded.warnings),
        sources(loaded.sources),
        ports(loaded.settings) {}
  StartContext(const StartContext&) = delete;
  StartContext& operator=(const StartContext&) = delete;

  const Settings& settings;
  const std::vector<std::string>& warnings;  ///< about the settings, for the log
  const std::shared_ptr<const SettingsSources> sources;
  const Ports ports;
  /// Whether standard error is a terminal. Asked only here: once it has hung up, it no longer is one.
  const bool on_terminal = ::isatty(STDERR_FILENO) == 1;
  /// Whether standard error is read by systemd's journal.
  const bool to_journal = is_journal(STDERR_FILENO, journal_stream());
  SystemClock clock;
  const WallTime began = clock.wall();
  SystemRandom random;
};

}  // namespace latchkey::server
