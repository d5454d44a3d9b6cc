#include "server/drain.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/await.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/task.h"

namespace latchkey::server {

namespace {

/// How long a connection without a request may still bring one. A client that gets its answer is told that it
/// is the connection's last; one whose connection just closes may have sent a request, and loses it.
constexpr std::chrono::milliseconds kLastRequests{2000};

bool stops(int signal, bool hang_up_stops) noexcept {
  const SignalRule rule = rule_of(signal);
  return rule == SignalRule::kStop || (rule == SignalRule::kHangUp && hang_up_stops);
}

runtime::Task<int> next_that_stops(const ServingParts& parts) {
  int signal = co_await parts.signals.next(parts.control);
  for (; !stops(signal, parts.hang_up_stops); signal = co_await parts.signals.next(parts.control)) {
    const bool reopens = rule_of(signal) == SignalRule::kHangUp && parts.log.reopen() > 0;
    LogEvent event(parts.log, LogLevel::kInfo, "server.signal");
    event.field("signal", strsignal(signal)).field("effect", reopens ? "log files are opened again" : "none");
    if (rule_of(signal) == SignalRule::kHangUp) {
      event.field("remedy", fmt::format("to go by changed settings, run `latchkey --data {} reload FILE`",
                                        parts.reloader.settings().data.string()));
    }
  }
  co_return signal;
}

using DrainStep = runtime::Task<bool> (Core::*)(DrainTimes);

runtime::Task<void> do_step(runtime::Port& own, Core& core, DrainStep step, DrainTimes times, bool& done) {
  LATCHKEY_AWAIT(const Result<bool> result,
                 runtime::call_task(own, core.port_id(),
                                    [&core, step, times](runtime::Port&) { return (core.*step)(times); }));
  LATCHKEY_ASSERT(result.has_value());
  done = done && *result;
}

/// Whether it went well on all cores.
runtime::Task<bool> do_on_all(const ServingParts& parts, DrainStep step, DrainTimes times) {
  bool done = true;
  runtime::Nursery doing;
  for (const std::unique_ptr<Core>& core : parts.cores) {
    doing.spawn(do_step(parts.control.port(), *core, step, times, done));
  }
  co_await doing.join();
  co_return done;
}

runtime::Task<void> drain_all(const ServingParts& parts) {
  const std::chrono::milliseconds patience = parts.reloader.settings().drain_timeout;
  // If nobody goes on with the sockets, whoever is idle had better go to another server at once.
  const DrainTimes times{
      .deadline = parts.control.now() + patience,
      .idle = parts.sockets_are_kept ? std::min(patience, kLastRequests) : std::chrono::milliseconds(0)};
  LATCHKEY_AWAIT(do_on_all(parts, &Core::end_old_connections, times));
  LATCHKEY_AWAIT(const bool drained, do_on_all(parts, &Core::drain, times));
  if (drained) co_return;
  LogEvent(parts.log, LogLevel::kWarning, "server.drain_timeout")
      .field("effect", "connections that were still busy were broken off")
      .field("remedy", "raise `drain_timeout` if requests need longer");
}

/// Asks the service manager for time, while it exists, as long as the store goes on committing.
class AskWhileCommitting final : private runtime::Watched {
 public:
  explicit AskWhileCommitting(const ServingParts& parts) : parts_(parts) {
    parts_.manager.ask_for_time();
    parts_.control.watch(*this);
  }
  ~AskWhileCommitting() { parts_.control.forget(*this); }
  AskWhileCommitting(const AskWhileCommitting&) = delete;
  AskWhileCommitting& operator=(const AskWhileCommitting&) = delete;

 private:
  std::int64_t look(BootTime now) noexcept override {
    const std::uint64_t commits = parts_.store.groups.load(std::memory_order_relaxed);
    if (std::exchange(commits_, commits) != commits) parts_.manager.ask_for_time();
    return now.ms + std::chrono::milliseconds(ServiceManager::kBetweenAsks).count();
  }

  const ServingParts& parts_;
  std::uint64_t commits_ = 0;
};

/// Whether the store took everything that the shards owed it.
runtime::Task<bool> end_shards(const ServingParts& parts) {
  const AskWhileCommitting asking(parts);
  bool ended_in_order = true;
  for (const std::unique_ptr<Core>& core : parts.cores) {
    LATCHKEY_AWAIT(const Result<bool> ended,
                   runtime::call_task(parts.control.port(), core->port_id(),
                                      [&core](runtime::Port&) { return core->end_shard(); }));
    LATCHKEY_ASSERT(ended.has_value());
    if (*ended) continue;
    ended_in_order = false;
    LogEvent(parts.log, LogLevel::kError, "server.refreshes_lost")
        .field("reason", "the store refused them")
        .field("effect", "after the next start tokens live up to a tenth of their timeout longer");
  }
  co_return ended_in_order;
}

runtime::Task<void> end_loops(const ServingParts& parts) {
  for (const std::unique_ptr<Core>& core : parts.cores) {
    LATCHKEY_AWAIT(const Result<bool> ended,
                   runtime::call(parts.control.port(), core->port_id(),
                                 [&core](runtime::Port&) { return core->end_loop(); }));
    LATCHKEY_ASSERT(ended.has_value());
  }
}

// Each step ends on all cores before the next begins, because a request on one core may need another's shard.
runtime::Task<void> stop_at_signal(const ServingParts& parts, bool& ended_in_order) {
  LATCHKEY_AWAIT(const int signal, next_that_stops(parts));
  LogEvent(parts.log, LogLevel::kInfo, "server.stopping").field("signal", strsignal(signal));
  const std::chrono::milliseconds delay = parts.reloader.settings().drain_delay;
  parts.manager.tell_stopping(delay + parts.reloader.settings().drain_timeout);
  parts.status.set_stage(Stage::kDraining);
  // A balancer that polls /readyz must see it before it is refused.
  co_await parts.control.sleep_until(parts.control.now() + delay);
  LATCHKEY_AWAIT(drain_all(parts));
  LATCHKEY_AWAIT(ended_in_order, end_shards(parts));
  // No core is asked any more once its loop ends.
  parts.pulse.stop();
  LATCHKEY_AWAIT(end_loops(parts));
  parts.status_listener.close();
  parts.control.stop();
}

}  // namespace

bool serve_until_signal(const ServingParts& parts) {
  bool ended_in_order = false;
  parts.control.nursery().spawn(stop_at_signal(parts, ended_in_order));
  parts.control.run();
  return ended_in_order;
}

}  // namespace latchkey::server
