#include "load/run.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>
#include <utility>

#include "load/crew.h"
#include "load/progress.h"

namespace latchkey::load {

namespace {

// Set by a signal handler, which can reach only static data.
volatile std::sig_atomic_t was_interrupted = 0;

void interrupted(int) noexcept { was_interrupted = 1; }

/// While it lives, SIGINT and SIGTERM end the run; a second one ends the program.
class Interruption {
 public:
  Interruption() {
    struct sigaction action {};
    action.sa_handler = interrupted;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
  }
  ~Interruption() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
};

constexpr std::chrono::milliseconds kLook{20};
// Long enough for each thread to notice before the load begins.
constexpr std::int64_t kLeadNs = 5 * kNsPerMillisecond;

Result<std::vector<std::unique_ptr<Crew>>> make_crews(const Plan& plan, Signals& signals) {
  std::vector<std::unique_ptr<Crew>> crews;
  for (std::size_t number = 0; number < plan.threads; ++number) {
    LATCHKEY_TRY(std::unique_ptr<Crew> crew, Crew::create(plan, number, signals));
    crews.push_back(std::move(crew));
  }
  return crews;
}

void watch(const Plan& plan, Signals& signals, std::vector<std::unique_ptr<Crew>>& crews,
           bool show_progress) {
  std::vector<const LiveFigures*> figures;
  figures.reserve(crews.size());
  for (const std::unique_ptr<Crew>& crew : crews) figures.push_back(&crew->tally().live());
  ProgressLine progress(plan, std::move(figures), show_progress);
  while (signals.ended.load(std::memory_order_acquire) < crews.size()) {
    const bool waits = signals.begin_ns.load(std::memory_order_relaxed) == Signals::kNotYet;
    if (waits && signals.ready.load(std::memory_order_acquire) == crews.size()) {
      const std::int64_t begin_ns = monotonic_ns() + kLeadNs;
      progress.begins(begin_ns);
      signals.begin_ns.store(begin_ns, std::memory_order_release);
    }
    if (was_interrupted != 0) signals.stop.store(true, std::memory_order_relaxed);
    progress.show(monotonic_ns());
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace

Result<Tally> run_load(const Plan& plan, bool show_progress) {
  Signals signals;
  LATCHKEY_TRY(std::vector<std::unique_ptr<Crew>> crews, make_crews(plan, signals));
  const Interruption interruption;
  for (const std::unique_ptr<Crew>& crew : crews) crew->start();
  watch(plan, signals, crews, show_progress);
  Result<void> enabled;
  for (const std::unique_ptr<Crew>& crew : crews) {
    Result<void> joined = crew->join();
    if (!joined) enabled = std::move(joined);
  }
  LATCHKEY_TRY(std::move(enabled));
  Tally total = std::move(crews.front()->tally());
  for (std::size_t i = 1; i < crews.size(); ++i) total.merge(crews[i]->tally());
  return total;
}

}  // namespace latchkey::load
