#include "server/metrics.h"

#include <time.h>

#include <atomic>
#include <string>

#include "server/admin_counts.h"

namespace latchkey::server {

namespace {

using enum MetricType;

void write_build(MetricsText& text, const MetricsSources&) {
  text.sample(1, {{"version", LATCHKEY_VERSION}});
}

void write_ready(MetricsText& text, const MetricsSources& from) { text.sample(from.is_ready ? 1 : 0); }
void write_draining(MetricsText& text, const MetricsSources& from) { text.sample(from.is_draining ? 1 : 0); }
void write_gaps(MetricsText& text, const MetricsSources& from) { text.sample(from.confinement_gaps); }
void write_unclean(MetricsText& text, const MetricsSources& from) {
  text.sample(from.last_start_unclean ? 1 : 0);
}

void write_busy(MetricsText& text, const MetricsSources& from) {
  for (std::size_t number = 0; number < from.cores.cores.size(); ++number) {
    const clockid_t clock = from.cores.cores[number]->counts().core.cpu_clock.load(std::memory_order_relaxed);
    timespec busy{};
    if (clock != 0) ::clock_gettime(clock, &busy);
    text.sample(static_cast<double>(busy.tv_sec) + static_cast<double>(busy.tv_nsec) / 1e9,
                {{"core", std::to_string(number)}});
  }
}

void write_passes(MetricsText& text, const MetricsSources& from) {
  HistogramSum sum;
  for (const auto& core : from.cores.cores) core->counts().core.passes.add_to(sum);
  text.histogram(CoreMetrics::Passes::bounds(), sum);
}

void write_log_lines(MetricsText& text, const MetricsSources& from) {
  text.sample(from.log.server_counts().written, {{"log", "server"}});
  text.sample(from.log.audit_counts().written, {{"log", "audit"}});
  text.sample(from.log.access_counts().written, {{"log", "access"}});
}
void write_dropped_lines(MetricsText& text, const MetricsSources& from) {
  text.sample(from.log.server_counts().dropped, {{"log", "server"}});
  text.sample(from.log.audit_counts().dropped, {{"log", "audit"}});
  text.sample(from.log.access_counts().dropped, {{"log", "access"}});
}

void write_admin(MetricsText& text, const MetricsSources& from) {
  const AdminCounts& counts = from.cores.context->admin_counts;
  for (std::size_t number = 0; number < api::kAdminActions; ++number) {
    const auto action = static_cast<api::AdminAction>(number);
    for (std::size_t result = 0; result < kAdminResultNames.size(); ++result) {
      text.sample(counts.value(action, result),
                  {{"action", api::admin_label(action)}, {"result", kAdminResultNames[result]}});
    }
  }
}

void write_reloads(MetricsText& text, const MetricsSources& from) {
  for (std::size_t i = 0; i < kReloadResultNames.size(); ++i)
    text.sample(from.reloader.counts().by_result.value(i), {{"result", kReloadResultNames[i]}});
}
void write_reload_good(MetricsText& text, const MetricsSources& from) {
  text.sample(from.reloader.counts().was_good ? 1 : 0);
}
void write_reload_time(MetricsText& text, const MetricsSources& from) {
  text.sample(static_cast<double>(from.reloader.counts().last_good.ms) / 1000);
}
void write_pending(MetricsText& text, const MetricsSources& from) {
  text.sample(from.reloader.counts().pending);
}

void write_cpu(MetricsText& text, const MetricsSources& from) { text.sample(from.reading.cpu_seconds); }
void write_resident(MetricsText& text, const MetricsSources& from) {
  text.sample(from.reading.resident_bytes);
}
void write_virtual(MetricsText& text, const MetricsSources& from) { text.sample(from.reading.virtual_bytes); }
void write_descriptors(MetricsText& text, const MetricsSources& from) {
  text.sample(from.reading.open_descriptors);
}
void write_max_descriptors(MetricsText& text, const MetricsSources& from) {
  text.sample(from.reading.max_descriptors);
}
void write_start_time(MetricsText& text, const MetricsSources& from) {
  text.sample(static_cast<double>(from.start.began.ms) / 1000);
}

constexpr MetricFamily kFamilies[] = {
    {"latchkey_core_busy_seconds_total", kCounter, "CPU time that each core's thread has used.", write_busy},
    {"latchkey_loop_pass_seconds", kHistogram,
     "How long a core's loop turned for the requests that it answered in that turn: each counts with the whole "
     "of it. One turn in 16 is measured.",
     write_passes},
    {"latchkey_log_lines_total", kCounter, "Lines that were written to the log.", write_log_lines},
    {"latchkey_log_dropped_lines_total", kCounter,
     "Lines that were lost: their room was full, or the log could not be written.", write_dropped_lines},
    {"latchkey_admin_requests_total", kCounter, "What administrators asked for at the admin socket.",
     write_admin},
    {"latchkey_reloads_total", kCounter,
     "Reloads of the settings file, by what became of them. pending: a part of it waits for a restart; refused: "
     "nothing was changed.",
     write_reloads},
    {"latchkey_reload_last_successful", kGauge,
     "Whether the last reload was not refused; 1 before the first.", write_reload_good},
    {"latchkey_reload_last_success_timestamp_seconds", kGauge,
     "When settings were last put in force, by a reload or by the start, in seconds since 1970.",
     write_reload_time},
    {"latchkey_settings_pending_restart", kGauge,
     "Settings that the file of the last reload changes and only a restart puts in force.", write_pending},
    {"latchkey_ready", kGauge, "Whether /readyz says 200.", write_ready},
    {"latchkey_draining", kGauge, "Whether the server was told to stop.", write_draining},
    {"latchkey_confinement_gaps", kGauge, "What the sandbox could not give up: as many server.not_confined.",
     write_gaps},
    {"latchkey_last_start_unclean", kGauge, "Whether the run before this one did not end in order.",
     write_unclean},
    {"latchkey_build_info", kGauge, "Always 1; the label has the version.", write_build},
    {"process_cpu_seconds_total", kCounter, "CPU time that the process has used.", write_cpu},
    {"process_resident_memory_bytes", kGauge, "Memory of the process that is in use.", write_resident},
    {"process_virtual_memory_bytes", kGauge, "Addresses that the process has mapped.", write_virtual},
    {"process_open_fds", kGauge, "Open descriptors.", write_descriptors},
    {"process_max_fds", kGauge, "The limit on open descriptors.", write_max_descriptors},
    {"process_start_time_seconds", kGauge, "When the process started, in seconds since 1970.",
     write_start_time},
};

}  // namespace

std::span<const MetricFamily> server_metrics() noexcept { return kFamilies; }

std::string metrics_text(MetricsSources& from) {
  from.reading = from.process.read();
  MetricsText text;
  for (const auto part :
       {request_metrics(), connection_metrics(), token_metrics(), store_metrics(), server_metrics()}) {
    for (const MetricFamily& family : part) {
      text.begin(family.name, family.type, family.help);
      family.write(text, from);
    }
  }
  return text.take();
}

}  // namespace latchkey::server
