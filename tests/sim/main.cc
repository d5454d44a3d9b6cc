// The simulation: runs one world after another, each from its own seed, until the requested number of steps
// is made.
#include <sodium.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>

#include "report.h"
#include "world.h"

namespace {

using namespace latchkey::sim;

// Steps of one world: enough for a few crashes, and few enough to replay a failing world within a second.
constexpr std::uint64_t kStepsPerWorld = 50'000;

struct Options {
  std::uint64_t seed = 0;
  std::uint64_t steps = 1'000'000;
  bool trace = false;
};

void run_worlds(const Options& options, const std::string& path, Tally& tally) {
  std::uint64_t seed = options.seed;
  for (std::uint64_t left = options.steps; left > 0; ++seed) {
    const std::uint64_t steps = std::min(left, kStepsPerWorld);
    World(seed, path, tally).run(steps);
    left -= steps;
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.seed = std::random_device()();
  CLI::App app("Simulates the token service: cores, disk, clock and clients from one seed, on one thread.");
  app.add_option("--seed", options.seed, "of the first world; each further one has the next (default: any)");
  app.add_option("--steps", options.steps, "in all; a world has 50,000 (default: 1,000,000)");
  app.add_flag("--trace", options.trace, "prints what happens, a line an event");
  CLI11_PARSE(app, argc, argv);

  if (::sodium_init() < 0) return 1;
  std::printf("sim: seed %lu, %lu steps\n", options.seed, options.steps);
  std::fflush(stdout);
  Report::watch_for_assertions();
  Report::set_tracing(options.trace);
  std::string directory = (std::filesystem::temp_directory_path() / "latchkey-sim-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return 1;
  const auto began = std::chrono::steady_clock::now();
  Tally tally;
  run_worlds(options, directory + "/latchkey.db", tally);
  std::filesystem::remove_all(directory);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf(
      "sim: %lu worlds, %lu checks (%lu admitted), %lu requests (%lu logins), %lu crashes, %lu stops, "
      "%lu starts cut off, the wall's clock set %lu times, "
      "in %.1f s: nothing broken\n",
      tally.worlds, tally.checks, tally.admitted, tally.requests, tally.logins, tally.crashes, tally.stops,
      tally.cut_off_starts, tally.wall_jumps, seconds);
  return 0;
}
