// What a backup costs the logins that are written beside it, and whether it has them. Session rows come at a
// fixed rate and go through the store as in the server: all that have come by its next turn share one commit.
// In between the store copies its database: in steps, or by VACUUM INTO in one go, to compare. A row's wait
// is from when it was due to the end of its commit. At the end the copy is opened and checked, and must have
// every row that was answered before it began.
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/log.h"
#include "latchkey/base/random.h"
#include "latchkey/runtime/await.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/sqlite_store.h"
#include "latchkey/store/transact.h"
#include "rig/count.h"
#include "rig/give_up.h"
#include "rig/meter.h"

namespace latchkey::bench {
namespace {

constexpr std::size_t kWayCapacity = 8192;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr double kNsPerMs = 1e6;

class NoDoorbell final : public runtime::Doorbell {
 public:
  void wake(runtime::PortId) noexcept override {}
};

struct Options {
  std::filesystem::path directory;
  std::string method;
  std::size_t rows_per_second = 0;
  std::size_t seconds = 0;  ///< before the backup, and again after it
};

/// The rows, and the store that takes them, on one thread.
class Rows {
 public:
  Rows(store::Database database, std::size_t per_second)
      : thread_(std::move(database), port_, clock_, log_, [](const Error& error) { give_up(error); }),
        per_second_(per_second) {
    port_.set_doorbell(&doorbell_);
  }

  store::SqliteStore& store() noexcept { return store_; }
  store::StoreThread& thread() noexcept { return thread_; }
  runtime::Port& port() noexcept { return port_; }
  runtime::Nursery& nursery() noexcept { return nursery_; }
  store::RowId last_row() const noexcept { return last_row_; }
  std::size_t written() const noexcept { return waits_ns_.size(); }

  /// Has what is due written, and does what else came, until `is_done`.
  template <class IsDone>
  void run_until(IsDone is_done) {
    while (!is_done()) {
      const std::int64_t now = steady_ns();
      while (next_due_ns_ <= now && in_progress_ < kWayCapacity / 2) {
        nursery_.spawn(write(next_due_ns_));
        next_due_ns_ += kNsPerSecond / static_cast<std::int64_t>(per_second_);
      }
      port_.drain();
      thread_.after_batch(port_);
    }
  }
  void run_for(std::size_t seconds) {
    const std::int64_t end = steady_ns() + static_cast<std::int64_t>(seconds) * kNsPerSecond;
    run_until([end] { return steady_ns() >= end; });
  }
  void finish() {
    next_due_ns_ = INT64_MAX;
    run_until([this] { return nursery_.running() == 0; });
  }

  /// The waits since the last call.
  std::vector<double> take_waits_ms() {
    std::vector<double> waits;
    for (; taken_ < waits_ns_.size(); ++taken_)
      waits.push_back(static_cast<double>(waits_ns_[taken_]) / kNsPerMs);
    std::sort(waits.begin(), waits.end());
    return waits;
  }

 private:
  runtime::Task<void> write(std::int64_t due_ns) {
    ++in_progress_;
    store::LoginRecord record;
    record.session.id = random_.bytes<sizeof(store::SessionId)>();
    record.session.lookup = random_.bytes<sizeof(store::LookupHash)>();
    record.session.user_id = 1;
    record.session.user_name = "somebody";
    record.session.key_number = 1;
    record.session.created = record.session.last_used = clock_.wall();
    LATCHKEY_AWAIT(const Result<store::RowId> row, store_.record_login(std::move(record)));
    if (!row) give_up(row.error());
    last_row_ = std::max(last_row_, *row);
    waits_ns_.push_back(steady_ns() - due_ns);
    --in_progress_;
  }

  SystemClock clock_;
  SystemRandom random_;
  NoLog log_;
  NoDoorbell doorbell_;
  runtime::Mailbox mailbox_{1, kWayCapacity};
  runtime::Port& port_ = mailbox_.port(0);
  store::StoreThread thread_;
  store::SqliteStore store_{port_, thread_};
  const std::size_t per_second_;
  std::int64_t next_due_ns_ = steady_ns();
  std::size_t in_progress_ = 0;
  store::RowId last_row_ = 0;
  std::vector<std::int64_t> waits_ns_;
  std::size_t taken_ = 0;
  runtime::Nursery nursery_;
};

runtime::Task<void> copy_in_steps(Rows& rows, std::string path, bool& is_done) {
  LATCHKEY_AWAIT(const Result<store::CopyProgress> begun, rows.store().begin_copy());
  if (!begun) give_up(begun.error());
  for (bool is_whole = false; !is_whole;) {
    LATCHKEY_AWAIT(const Result<store::CopyProgress> progress, rows.store().copy_some(begun->number));
    if (!progress) give_up(progress.error());
    is_whole = progress->is_whole;
  }
  std::ofstream file(path, std::ios::binary);
  for (std::int64_t offset = 0;;) {
    LATCHKEY_AWAIT(const Result<std::string> part, rows.store().read_copy(begun->number, offset));
    if (!part) give_up(part.error());
    if (part->empty()) break;
    file << *part;
    offset += static_cast<std::int64_t>(part->size());
  }
  LATCHKEY_AWAIT(const Result<bool> ended, rows.store().end_copy(begun->number));
  if (!ended || !file) give_up({ErrorCode::kUnavailable, path + " could not be written"});
  is_done = true;
}

runtime::Task<void> copy_in_one_go(Rows& rows, std::string path, bool& is_done) {
  const std::string sql = fmt::format("VACUUM INTO '{}'", path);
  LATCHKEY_AWAIT(const Result<bool> done,
                 store::read(rows.port(), rows.thread(), [&sql](store::Database& database) -> Result<bool> {
                   LATCHKEY_TRY(database.execute(sql.c_str()));
                   return true;
                 }));
  if (!done) give_up(done.error());
  is_done = true;
}

void print_waits(std::string_view when, const std::vector<double>& waits, double seconds) {
  if (waits.empty()) {
    fmt::print("{}: no row was due\n", when);
    return;
  }
  const auto at = [&waits](double share) {
    return waits[static_cast<std::size_t>(share * static_cast<double>(waits.size() - 1))];
  };
  fmt::print(
      "{}: {:.0f} rows a second for {:.2f} s; a row waited {:.2f} ms (median), {:.2f} ms (p99), {:.1f} ms at most\n",
      when, static_cast<double>(waits.size()) / seconds, seconds, at(0.5), at(0.99), waits.back());
}

/// Opens and checks the copy, and counts what it must have.
int judge(store::Database& database, const std::string& copy, store::RowId last_before) {
  const auto found = value_or_exit(store::examine_database(copy));
  auto opened = value_or_exit(store::Database::open_to_look(copy));
  const std::string query = fmt::format("SELECT count(*) FROM sessions WHERE row <= {}", last_before);
  const std::int64_t wanted = value_or_exit(database.query_integer(query));
  const std::int64_t there = value_or_exit(opened.query_integer(query));
  fmt::print("the copy: {:.1f} MiB, sound, {} live sessions; of {} rows answered before it began it has {}\n",
             static_cast<double>(std::filesystem::file_size(copy)) / (1 << 20), found.live_sessions, wanted,
             there);
  return wanted == there ? 0 : 1;
}

int run(const Options& options) {
  const std::string path = store::DataDirectory::database_path(options.directory);
  const std::string copy = (options.directory / "copy.db").string();
  std::filesystem::remove(copy);
  Rows rows(value_or_exit(store::open_database(path)), options.rows_per_second);
  rows.run_for(options.seconds);
  print_waits("before the backup", rows.take_waits_ms(), static_cast<double>(options.seconds));
  const store::RowId last_before = rows.last_row();
  bool is_done = false;
  const std::int64_t begin = steady_ns();
  rows.nursery().spawn(options.method == "steps" ? copy_in_steps(rows, copy, is_done)
                                                 : copy_in_one_go(rows, copy, is_done));
  rows.run_until([&is_done] { return is_done; });
  const double took = static_cast<double>(steady_ns() - begin) / static_cast<double>(kNsPerSecond);
  rows.finish();
  print_waits(fmt::format("during the backup ({})", options.method), rows.take_waits_ms(), took);
  auto database = value_or_exit(rows.thread().release());
  return judge(database, copy, last_before);
}

}  // namespace
}  // namespace latchkey::bench

int main(int argument_count, char** arguments) {
  latchkey::bench::Options options;
  if (sodium_init() < 0 || argument_count != 5 ||
      !latchkey::bench::read_count(arguments[3], options.rows_per_second) ||
      !latchkey::bench::read_count(arguments[4], options.seconds) ||
      (arguments[2] != std::string_view("steps") && arguments[2] != std::string_view("vacuum"))) {
    std::fprintf(stderr, "usage: backup-rate DIRECTORY steps|vacuum ROWS_PER_SECOND SECONDS\n");
    return 2;
  }
  options.directory = arguments[1];
  options.method = arguments[2];
  return latchkey::bench::run(options);
}
