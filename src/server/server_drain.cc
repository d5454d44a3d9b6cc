#include <cstring>

#include "latchkey/base/assert.h"
#include "latchkey/runtime/await.h"
#include "latchkey/server/server_process.h"

namespace latchkey::server {

// Runs on the main thread's loop: waits for the signal, then stops the cores step by step. Each step ends on
// all cores before the next begins, as a request on one core may need another's shard.
runtime::Task<void> ServerProcess::serve_until_signal() {
  int signal = co_await signals_->next(*control_);
  for (; !ends_server(signal); signal = co_await signals_->next(*control_)) {
    LogEvent(*log_, LogLevel::kInfo, "server.signal")
        .field("signal", strsignal(signal))
        .field("effect", "none");
  }
  LogEvent(*log_, LogLevel::kInfo, "server.stopping").field("signal", strsignal(signal));
  service_manager_.tell("STOPPING=1");
  const BootTime deadline{control_->now().ms + settings_.drain_timeout.count()};
  bool drained = true;
  {
    runtime::Nursery draining;
    for (const std::unique_ptr<Core>& core : cores_) draining.spawn(drain(*core, deadline, drained));
    co_await draining.join();
  }
  if (!drained) {
    LogEvent(*log_, LogLevel::kWarning, "server.drain_timeout")
        .field("effect", "connections that were still busy were broken off")
        .field("remedy", "raise `drain_timeout` if requests need longer");
  }
  for (const std::unique_ptr<Core>& core : cores_) {
    LATCHKEY_AWAIT(const Result<bool> ended,
                   runtime::call_task(control_->port(), core->port_id(),
                                      [&core](runtime::Port&) { return core->end_shard(); }));
    LATCHKEY_ASSERT(ended.has_value());
    if (*ended) continue;
    ended_in_order_ = false;
    LogEvent(*log_, LogLevel::kError, "server.refreshes_lost")
        .field("reason", "the store refused them")
        .field("effect", "after the next start tokens live up to a tenth of their timeout longer");
  }
  for (const std::unique_ptr<Core>& core : cores_) {
    LATCHKEY_AWAIT(const Result<bool> ended,
                   runtime::call(control_->port(), core->port_id(),
                                 [&core](runtime::Port&) { return core->end_loop(); }));
    LATCHKEY_ASSERT(ended.has_value());
  }
  control_->stop();
}

bool ServerProcess::ends_server(int signal) const noexcept {
  const SignalRule rule = rule_of(signal);
  return rule == SignalRule::kStop || (rule == SignalRule::kHangUp && on_terminal_);
}

runtime::Task<void> ServerProcess::drain(Core& core, BootTime deadline, bool& drained) {
  LATCHKEY_AWAIT(const Result<bool> result,
                 runtime::call_task(control_->port(), core.port_id(),
                                    [&core, deadline](runtime::Port&) { return core.drain(deadline); }));
  LATCHKEY_ASSERT(result.has_value());
  drained = drained && *result;
}

}  // namespace latchkey::server
