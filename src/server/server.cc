#include "server/server.h"

#include <fmt/format.h>
#include <sodium.h>
#include <sys/resource.h>

#include <functional>
#include <string>
#include <utility>

#include "latchkey/base/named_thread.h"
#include "server/confinement.h"
#include "server/drain.h"
#include "server/fatal_end.h"
#include "server/listen_address.h"
#include "server/logs.h"
#include "server/metrics.h"
#include "server/process_files.h"
#include "server/pulse.h"
#include "server/reloader.h"
#include "server/room_settings.h"
#include "server/running_threads.h"
#include "server/signals.h"
#include "server/start_context.h"
#include "server/start_cores.h"
#include "server/start_data.h"
#include "server/start_sockets.h"
#include "server/start_tables.h"
#include "server/start_threads.h"
#include "server/status_handler.h"
#include "server/status_listener.h"
#include "server/stderr_sink.h"

namespace latchkey::server {

namespace {

// Raises the limit as far as the system allows: each connection takes one descriptor.
void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<void> prepare_process(const Settings& settings, ConfinementGaps& gaps) {
  if (::sodium_init() < 0) return failure(ErrorCode::kUnavailable, "libsodium could not be initialised");
  raise_descriptor_limit();
  LATCHKEY_TRY(decide_on_signals());
  LATCHKEY_TRY(own_descriptors(settings.sandbox));
  return leave_root(settings.data, gaps, root_rules_of(settings));
}

/// Opens the files of the log before the way to them is narrowed.
Result<LogFiles> confine_process(const Settings& settings, ConfinementGaps& gaps) {
  LATCHKEY_TRY(LogFiles files, open_log_files(settings));
  if (settings.sandbox) {
    LATCHKEY_TRY(confine(settings.data, files.directories(), gaps));
  } else {
    gaps.emplace_back("`sandbox` is off");
  }
  return files;
}

void log_start(Log& log, const StartContext& start, const Recorded& recorded) {
  LogEvent started(log, LogLevel::kInfo, "server.started");
  started.field("version", LATCHKEY_VERSION)
      .field("cores", start.ports.cores())
      .field("hash_threads", start.ports.hash_workers())
      .field("users", recorded.users)
      .field("sessions", recorded.sessions)
      .field("last_run", recorded.run.was_clean ? "ended in order" : "did not end in order");
  if (recorded.users == 0) {
    started.field("remedy", fmt::format("latchkey --data {} user add NAME", start.settings.data.string()));
  }
}

void log_findings(Log& log, const StartContext& start, const Sockets& sockets, const ConfinementGaps& gaps,
                  bool database_checked, const store::RunStart& run) {
  for (const auto* const warnings : {&start.warnings, &sockets.warnings}) {
    for (const std::string& warning : *warnings) {
      LogEvent(log, LogLevel::kWarning, "settings.ignored").field("reason", warning);
    }
  }
  for (const std::string& gap : gaps) {
    LogEvent(log, LogLevel::kWarning, "server.not_confined").field("reason", gap);
  }
  for (const net::Endpoint& endpoint : start.settings.admin_listen) {
    if (!is_public(endpoint.address)) continue;
    LogEvent(log, LogLevel::kWarning, "admin_listen.public")
        .field("address", endpoint.to_text())
        .field("effect", "whoever can reach it may read how the server fares and how many log in")
        .field("remedy", "name 127.0.0.1 or a private address, or have a firewall or a proxy guard it");
  }
  if (database_checked) {
    LogEvent(log, LogLevel::kWarning, "database.checked")
        .field("reason", "the last run could not trust what is on disk")
        .field("found", "nothing wrong");
  }
  if (run.behind_ms == 0) return;
  LogEvent(log, LogLevel::kWarning, "clock.behind")
      .field("behind_ms", run.behind_ms)
      .field("effect", "the time that the server was down does not count for tokens")
      .field("remedy", "set the clock, as chrony or systemd-timesyncd does");
}

void announce(const Sockets& sockets, ServiceManager& manager) {
  std::string lines;
  for (const Sockets::Address& address : sockets.addresses) lines += announcement_of(address);
  say_on_stderr(lines);
  manager.tell("READY=1");
}

/// The loop answers for health meanwhile, and asks the service manager for time whenever the load gets on.
Result<Recorded> load_beside_loop(const StartContext& start, const store::DataDirectory& directory,
                                  const token::Keyring& keyring, const Tables& tables, const Threads& threads,
                                  SideWork& side_work) {
  const auto load = [&](const std::function<void()>& got_on) {
    return begin_run(start, directory, keyring, tables, got_on);
  };
  return side_work.run(
      *threads.control, "load", [&threads] { threads.manager->ask_for_time(); }, load);
}

/// Runs a start's stages in order, then serves. What the stages returned is destroyed in reverse order.
Result<void> serve_over(const store::DataDirectory& directory, StartContext& start, ConfinementGaps& gaps) {
  const Settings& settings = start.settings;
  LATCHKEY_TRY(Data data, open_data(settings, directory, start.random));
  LATCHKEY_TRY(Sockets sockets, bind_sockets(settings, start.ports.cores(), directory));
  LATCHKEY_TRY(Channels channels, open_channels());
  const ProcessFiles process = ProcessFiles::open();
  const bool sockets_are_kept = keep_sockets(settings, sockets, channels.manager);
  // Before the first thread, so that all threads inherit it.
  LATCHKEY_TRY(LogFiles log_files, confine_process(settings, gaps));
  Logs log(start.clock, settings, std::move(log_files), start.ports.cores(), start.to_journal);
  LATCHKEY_TRY(const auto hash_pool, end_if_fatal(directory, make_hash_pool(start, data.database, log)));
  LATCHKEY_TRY(const Threads threads, make_threads(start, directory, std::move(data.database),
                                                   std::move(channels.manager), *hash_pool, log));
  LATCHKEY_TRY(const Tables tables, make_tables(start, data.keyring, threads, log));
  bool ended_in_order = false;
  {  // The cores end in here, so what their logs left out is reported before server.stopped.
    LATCHKEY_TRY(const Cores cores, make_cores(start, data.keyring, *hash_pool, threads, tables,
                                               std::move(sockets.of_cores), log));
    Pulse pulse(*threads.control, *threads.manager, channels.watchdog);
    Reloader reloader(threads.control->port(), cores, start, log);
    MetricsSources metrics{start, threads, cores, pulse, log, process, reloader, gaps.size()};
    StatusHandler status(*threads.control, pulse, threads.store->metrics(), metrics);
    // All rings and all sockets exist.
    if (settings.sandbox) LATCHKEY_TRY(close_ways_out());
    RunningThreads running(start.ports, threads, cores);
    // It ends before them: its last passes may ask the cores.
    StatusListener status_listener(*threads.control, *threads.control_buffers, std::move(sockets.status),
                                   status, settings.node, log, start.clock);
    reloader.tell_too(status_listener);
    status_listener.open();
    LATCHKEY_TRY(const Recorded recorded,
                 end_if_fatal(directory, load_beside_loop(start, directory, data.keyring, tables, threads,
                                                          channels.side_work)));
    metrics.last_start_unclean = !recorded.run.was_clean;
    metrics.stored_schemes = recorded.schemes;
    running.start();
    // From here on the main thread takes the CPU from no core either, whatever it is asked.
    set_own_policy(SCHED_BATCH);
    pulse.start(cores.cores);
    status.set_stage(Stage::kServing);
    log_start(log, start, recorded);
    log_findings(log, start, sockets, gaps, data.was_checked, recorded.run);
    announce(sockets, *threads.manager);
    ended_in_order = serve_until_signal({.control = *threads.control,
                                         .signals = channels.signals,
                                         .manager = *threads.manager,
                                         .cores = cores.cores,
                                         .store = threads.store->metrics(),
                                         .pulse = pulse,
                                         .status = status,
                                         .status_listener = status_listener,
                                         .log = log,
                                         .reloader = reloader,
                                         .sockets_are_kept = sockets_are_kept,
                                         .hang_up_stops = start.on_terminal});
  }
  const Result<void> ended = end_run(start, *threads.store, ended_in_order);
  LogEvent(log, LogLevel::kInfo, "server.stopped");
  return end_if_fatal(directory, ended);
}

}  // namespace

Result<void> serve(const LoadedSettings& loaded) {
  const Settings& settings = loaded.settings;
  StartContext start(loaded);
  ConfinementGaps gaps;
  LATCHKEY_TRY(prepare_process(settings, gaps));
  LATCHKEY_TRY(const store::DataDirectory directory, lock_data(settings));
  return end_if_fatal(directory, serve_over(directory, start, gaps));
}

}  // namespace latchkey::server
