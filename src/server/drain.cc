#include "server/drain.h"

#include <fmt/format.h>

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

bool stops(int signal, bool hang_up_stops) noexcept {
  const SignalRule rule = rule_of(signal);
  return rule == SignalRule::kStop || (rule == SignalRule::kHangUp && hang_up_stops);
}

runtime::Task<int> next_that_stops(const ServingParts& parts) {
  int signal = co_await parts.signals.next(parts.control);
  for (; !stops(signal, parts.hang_up_stops); signal = co_await parts.signals.next(parts.control)) {
    LogEvent event(parts.log, LogLevel::kInfo, "server.signal");
    event.field("signal", strsignal(signal)).field("effect", "none");
    if (rule_of(signal) == SignalRule::kHangUp) {
      event.field("remedy", fmt::format("to go by changed settings, run `latchkey --data {} reload FILE`",
                                        parts.reloader.settings().data.string()));
    }
  }
  co_return signal;
}

runtime::Task<void> drain(runtime::Port& own, Core& core, BootTime deadline, bool& drained) {
  LATCHKEY_AWAIT(const Result<bool> result,
                 runtime::call_task(own, core.port_id(),
                                    [&core, deadline](runtime::Port&) { return core.drain(deadline); }));
  LATCHKEY_ASSERT(result.has_value());
  drained = drained && *result;
}

runtime::Task<void> drain_all(const ServingParts& parts) {
  const BootTime deadline = parts.control.now() + parts.reloader.settings().drain_timeout;
  bool drained = true;
  {
    runtime::Nursery draining;
    for (const std::unique_ptr<Core>& core : parts.cores) {
      draining.spawn(drain(parts.control.port(), *core, deadline, drained));
    }
    co_await draining.join();
  }
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
