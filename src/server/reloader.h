// Reloader: puts a changed settings file in force while the server serves. The command opens the file and
// passes it over the admin socket, because the confined process opens none outside its data (P-13). All of it
// is read and checked first, then each core gets its new terms by message. Thread: the main thread's; the
// admin socket's core calls it by mailbox.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/counter.h"
#include "latchkey/net/file_inbox.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/task.h"
#include "server/core.h"
#include "server/logs.h"
#include "server/settings_sources.h"
#include "server/start_context.h"
#include "server/start_cores.h"
#include "server/status_listener.h"
#include "server/terms.h"

namespace latchkey::server {

/// The outcome of a reload, as in ReloadedSettings. With a problem nothing has changed.
struct ReloadAnswer {
  std::vector<std::string> problems{};
  std::vector<std::string> warnings{};
  std::vector<std::string> applied{};
  std::vector<std::string> pending{};
  std::vector<std::string> hidden{};
};

/// What became of a reload.
enum class ReloadResult : std::uint8_t {
  kDone,
  kPending,  ///< in force, but for what waits for a restart
  kRefused,
};
inline constexpr std::array<std::string_view, 3> kReloadResultNames = {"done", "pending", "refused"};

struct ReloadCounts {
  CounterSet<ReloadResult, kReloadResultNames.size()> by_result;
  bool was_good = true;  ///< the last one
  WallTime last_good;    ///< when settings were last put in force, at first by the start
  std::size_t pending = 0;
};

class Reloader {
 public:
  /// The settings in force are at first those of the start. From here on the cores' context leads to the
  /// object. Requires: no core runs yet.
  /// Lifetime: everything passed by reference must outlive the object.
  Reloader(runtime::Port& own, const Cores& cores, StartContext& start, Logs& log);

  /// This listener goes by the settings in force, too.
  /// Lifetime: it outlives every reload.
  void tell_too(StatusListener& listener) noexcept { listener_ = &listener; }

  /// Ends once every core serves by the settings of the file. `path` is what the command calls it.
  runtime::Task<ReloadAnswer> reload(net::PassedFile file, std::string path);

  /// What all cores serve by, or are about to.
  const Terms& terms() const noexcept { return *terms_; }
  const Settings& settings() const noexcept { return terms_->settings; }
  const ReloadCounts& counts() const noexcept { return counts_; }

 private:
  runtime::Task<ReloadAnswer> try_to_reload(net::PassedFile file, std::string path);
  void count(const ReloadAnswer& answer) noexcept;
  void put_in_force(std::shared_ptr<const Terms> terms);
  runtime::Task<void> tell_cores();

  runtime::Port& own_;
  const std::vector<std::unique_ptr<Core>>& cores_;
  const Clock& clock_;
  const TermsParts parts_;
  Logs& log_;
  const std::filesystem::path start_path_;  ///< of the file that the next start reads
  std::shared_ptr<const Terms> terms_;
  std::shared_ptr<const SettingsSources> sources_;
  StatusListener* listener_ = nullptr;
  ReloadCounts counts_;
  bool is_busy_ = false;
};

}  // namespace latchkey::server
