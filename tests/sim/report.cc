#include "report.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace latchkey::sim {

namespace {

std::uint64_t world_seed = 0;
std::uint64_t world_step = 0;

std::string again() {
  return fmt::format("sim: seed {}, step {}; once more: tools/sim --seed {} --steps {}\n", world_seed,
                     world_step, world_seed, world_step);
}

void tell_of_assertion(int) {
  // The process is ending and has one thread, so calls that are otherwise unsafe in a signal handler are
  // acceptable here.
  const std::string line = again();
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(1);
}

}  // namespace

bool Report::tracing_ = false;

void Report::watch_for_assertions() { std::signal(SIGABRT, tell_of_assertion); }
void Report::begin_world(std::uint64_t seed) noexcept {
  world_seed = seed;
  world_step = 0;
}
void Report::begin_step(std::uint64_t step) noexcept { world_step = step; }
void Report::set_tracing(bool tracing) noexcept { tracing_ = tracing; }

void Report::write_trace(const std::string& line) { std::printf("%8lu  %s\n", world_step, line.c_str()); }

void Report::end(const std::string& text) {
  std::fflush(stdout);
  std::fprintf(stderr, "sim: broken: %s\n%s", text.c_str(), again().c_str());
  // Waiting coroutines prevent an orderly end.
  std::_Exit(1);
}

}  // namespace latchkey::sim
