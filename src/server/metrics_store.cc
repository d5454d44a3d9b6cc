// The metrics of the store: its jobs, commits and files.
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "latchkey/store/data_directory.h"
#include "latchkey/store/store_thread.h"
#include "server/metrics.h"

namespace latchkey::server {

namespace {

using enum MetricType;

constexpr std::int64_t kPageBytes = 4096;  // StoreMetrics::log_pages

const store::StoreMetrics& counts_of(const MetricsSources& from) { return from.threads.store->metrics(); }

void write_jobs(MetricsText& text, const MetricsSources& from) {
  text.sample(counts_of(from).reads.load(), {{"kind", "read"}});
  text.sample(counts_of(from).writes.load(), {{"kind", "write"}});
}
void write_commits(MetricsText& text, const MetricsSources& from) {
  text.sample(counts_of(from).groups.load(), {{"result", "done"}});
  text.sample(counts_of(from).failed_groups.load(), {{"result", "failed"}});
}
void write_checkpoints(MetricsText& text, const MetricsSources& from) {
  text.sample(counts_of(from).checkpoints.load(), {{"result", "done"}});
  text.sample(counts_of(from).failed_checkpoints.load(), {{"result", "failed"}});
}
void write_duration(MetricsText& text, const MetricsSources& from) {
  HistogramSum sum;
  counts_of(from).commit_duration.add_to(sum);
  text.histogram(kCommitBoundsNs, sum);
}
void write_refusing(MetricsText& text, const MetricsSources& from) {
  text.sample(counts_of(from).is_refusing.load() ? 1 : 0);
}
void write_log_bytes(MetricsText& text, const MetricsSources& from) {
  text.sample(counts_of(from).log_pages.load() * kPageBytes);
}
void write_database_bytes(MetricsText& text, const MetricsSources& from) {
  const std::string path = store::DataDirectory::database_path(from.start.settings.data).string();
  struct stat status {};
  text.sample(::stat(path.c_str(), &status) == 0 ? static_cast<std::int64_t>(status.st_size) : 0);
}
void write_last_commit(MetricsText& text, const MetricsSources& from) {
  const std::int64_t boot_ms = counts_of(from).last_commit_ms.load();
  const std::chrono::milliseconds ago = from.start.clock.boot() - BootTime{boot_ms};
  text.sample(boot_ms == 0 ? 0.0 : static_cast<double>((from.start.clock.wall() - ago).ms) / 1000);
}

void write_last_backup(MetricsText& text, const MetricsSources& from) {
  text.sample(static_cast<double>(counts_of(from).last_backup_ms.load()) / 1000);
}

constexpr MetricFamily kFamilies[] = {
    {"latchkey_store_jobs_total", kCounter,
     "Jobs of the store: reads, and writes that were part of a commit.", write_jobs},
    {"latchkey_store_commits_total", kCounter, "Commits, each of all writes that arrived together.",
     write_commits},
    {"latchkey_store_checkpoints_total", kCounter, "How often the log was brought into the database.",
     write_checkpoints},
    {"latchkey_store_commit_duration_seconds", kHistogram,
     "How long a commit took, the sync to disk included.", write_duration},
    {"latchkey_store_refusing", kGauge, "Whether the last commit failed: logins are then refused.",
     write_refusing},
    {"latchkey_store_log_bytes", kGauge, "Size of the write-ahead log after the last commit.",
     write_log_bytes},
    {"latchkey_store_database_bytes", kGauge, "Size of the database's file.", write_database_bytes},
    {"latchkey_store_last_commit_timestamp_seconds", kGauge,
     "When the last commit was done, in seconds since 1970; 0 before the first of this run.",
     write_last_commit},
    {"latchkey_backup_last_success_timestamp_seconds", kGauge,
     "When `latchkey backup` was last done and had examined what it wrote, in seconds since 1970; 0 if never.",
     write_last_backup},
};

}  // namespace

std::span<const MetricFamily> store_metrics() noexcept { return kFamilies; }

}  // namespace latchkey::server
