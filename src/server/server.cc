#include "latchkey/server/server.h"

#include <fmt/format.h>
#include <sched.h>
#include <sodium.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "latchkey/server/fatal_end.h"
#include "latchkey/server/room_settings.h"
#include "latchkey/server/server_process.h"
#include "latchkey/server/stderr_sink.h"

namespace latchkey::server {

namespace {

std::size_t usable_cpus() noexcept {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (::sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  return std::max<std::size_t>(static_cast<std::size_t>(CPU_COUNT(&cpus)), 1);
}

// As many descriptors as the system lets this process have: one a connection.
void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

ServerProcess::ServerProcess(const Settings& settings, const std::vector<std::string>& warnings)
    : settings_(settings),
      warnings_(warnings),
      cores_count_(settings.cores > 0 ? settings.cores : usable_cpus()),
      workers_count_(settings.hash_threads > 0 ? settings.hash_threads : cores_count_),
      standbys_count_(credential::HashPool::standbys_for(workers_count_)),
      api_settings_(api_settings_of(settings)),
      connection_settings_(connection_settings_of(settings)) {}

Result<void> ServerProcess::leave_root() {
  return server::leave_root(settings_.data, gaps_,
                            {.may_create = settings_.create, .may_stay = settings_.allow_root});
}

// What only a process that may still make sockets and descriptors can open.
Result<void> ServerProcess::open_channels() {
  LATCHKEY_TRY(SignalReader signals, SignalReader::open());
  signals_.emplace(std::move(signals));
  if (const Result<void> connected = service_manager_.connect(std::getenv("NOTIFY_SOCKET")); !connected) {
    say_on_stderr("latchkeyd: " + connected.error().text + '\n');
  }
  return {};
}

Result<void> ServerProcess::close_ways_out() {
  return settings_.sandbox ? server::close_ways_out() : Result<void>();
}

Result<void> ServerProcess::confine() {
  if (!settings_.sandbox) {
    gaps_.emplace_back("`sandbox` is off");
    return {};
  }
  return server::confine(settings_.data, gaps_);
}

void ServerProcess::note_start() {
  {
    LogEvent started(*log_, LogLevel::kInfo, "server.started");
    started.field("version", LATCHKEY_VERSION)
        .field("cores", cores_count_)
        .field("hash_threads", workers_count_)
        .field("users", users_)
        .field("sessions", loaded_sessions_)
        .field("last_run", run_start_.was_clean ? "ended in order" : "did not end in order");
    if (users_ == 0) {
      started.field("remedy", fmt::format("latchkey --data {} user add NAME", settings_.data.string()));
    }
  }
  for (const std::string& warning : warnings_) {
    LogEvent(*log_, LogLevel::kWarning, "settings.ignored").field("reason", warning);
  }
  for (const std::string& gap : gaps_) {
    LogEvent(*log_, LogLevel::kWarning, "server.not_confined").field("reason", gap);
  }
  if (database_checked_) {
    LogEvent(*log_, LogLevel::kWarning, "database.checked")
        .field("reason", "the last run could not trust what is on disk")
        .field("found", "nothing wrong");
  }
  if (run_start_.behind_ms == 0) return;
  LogEvent(*log_, LogLevel::kWarning, "clock.behind")
      .field("behind_ms", run_start_.behind_ms)
      .field("effect", "the time that the server was down does not count for tokens")
      .field("remedy", "set the clock, as chrony or systemd-timesyncd does");
}

void ServerProcess::announce() {
  std::string lines;
  for (const auto& [endpoint, proxied] : endpoints_) {
    lines += fmt::format("latchkeyd: listening on http://{}{}\n", endpoint.to_text(),
                         proxied ? " (PROXY protocol)" : "");
  }
  say_on_stderr(lines);
  service_manager_.tell("READY=1");
}

Result<void> ServerProcess::run() {
  if (::sodium_init() < 0) return failure(ErrorCode::kUnavailable, "libsodium could not be initialised");
  raise_descriptor_limit();
  random_.fill(name_key_);
  Result<void> step = decide_on_signals();
  if (step) step = own_descriptors(settings_.sandbox);
  if (step) step = leave_root();
  if (step) step = open_data();
  if (step) step = bind_sockets();
  if (step) step = open_channels();
  // Before the first thread: they inherit it.
  if (step) step = confine();
  if (step) log_.emplace(clock_, LogOptions{.least = settings_.log_level});
  if (step) step = make_hash_pool();
  if (step) step = make_threads();
  if (step) step = make_tables();
  if (step) step = make_cores();
  // All rings are there, and so is every socket.
  if (step) step = close_ways_out();
  if (step) step = begin_run_and_load();
  if (!step) return step;
  step = start_threads();
  if (!step) {
    // Threads that have started wait for those that did not: there is no way but out.
    say_on_stderr("latchkeyd: " + step.error().text + '\n');
    ::_exit(kExitRefused);
  }
  note_start();
  announce();
  control_->nursery().spawn(serve_until_signal());
  control_->run();
  step = stop_threads();
  LogEvent(*log_, LogLevel::kInfo, "server.stopped");
  return step;
}

Result<void> serve(const Settings& settings, const std::vector<std::string>& warnings) {
  ServerProcess server(settings, warnings);
  Result<void> served = server.run();
  if (!served && served.error().code == ErrorCode::kFatal) end_at_once(server.directory(), served.error());
  return served;
}

}  // namespace latchkey::server
