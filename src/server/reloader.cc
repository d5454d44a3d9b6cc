#include "server/reloader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/runtime/await.h"
#include "server/settings_reload.h"

namespace latchkey::server {

namespace {

constexpr mode_t kModeBits = 07777;

tl::unexpected<Error> cannot_read(const std::string& path, std::string_view why) {
  return failure(ErrorCode::kInvalid, fmt::format("{}: cannot be read: {}", path, why));
}

/// Reads the whole file. Nothing but a regular file is taken, since any other may make the reader wait.
Result<SettingsFile> read_passed(const net::PassedFile& file, std::string path) {
  struct stat status {};
  const int flags = ::fcntl(file.fd(), F_GETFL);
  if (flags < 0 || ::fstat(file.fd(), &status) != 0) return cannot_read(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return cannot_read(path, "it is no regular file");
  if ((flags & O_ACCMODE) != O_RDONLY) return cannot_read(path, "it was not opened to be read alone");
  std::string text(kMaxSettingsFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::pread(file.fd(), text.data() + size, text.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read(path, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxSettingsFileBytes) return cannot_read(path, "it is over 1 MiB");
  text.resize(size);
  return SettingsFile{std::move(path), std::move(text),
                      static_cast<std::filesystem::perms>(status.st_mode & kModeBits)};
}

/// What the operator is told if the next start reads another file. Empty if it reads this one.
std::string other_file(const std::filesystem::path& start, const std::filesystem::path& now) {
  if (start.empty()) {
    return fmt::format("the server was started without --config: its next start does not read {}",
                       now.string());
  }
  if (start.lexically_normal() == now.lexically_normal()) return {};
  return fmt::format("the server was started with --config {}: its next start reads that file, and not {}",
                     start.string(), now.string());
}

}  // namespace

Reloader::Reloader(runtime::Port& own, const Cores& cores, StartContext& start, Logs& log)
    : own_(own),
      cores_(cores.cores),
      clock_(start.clock),
      parts_{log, start.random, cores.context->throttle_metrics, start.ports.cores()},
      log_(log),
      start_path_(start.sources->path),
      terms_(cores.context->terms),
      sources_(start.sources) {
  counts_.last_good = start.began;
  cores.context->reloader = this;
}

runtime::Task<ReloadAnswer> Reloader::reload(net::PassedFile file, std::string path) {
  LATCHKEY_AWAIT(ReloadAnswer answer, try_to_reload(std::move(file), std::move(path)));
  count(answer);
  co_return answer;
}

void Reloader::count(const ReloadAnswer& answer) noexcept {
  counts_.was_good = answer.problems.empty();
  counts_
      .by_result[!counts_.was_good        ? ReloadResult::kRefused
                 : answer.pending.empty() ? ReloadResult::kDone
                                          : ReloadResult::kPending]
      .add();
  if (!counts_.was_good) return;
  counts_.last_good = clock_.wall();
  counts_.pending = answer.pending.size();
}

runtime::Task<ReloadAnswer> Reloader::try_to_reload(net::PassedFile file, std::string path) {
  ReloadAnswer answer;
  if (is_busy_) {
    answer.problems.emplace_back("another reload is under way: run the command again");
    co_return answer;
  }
  const Result<SettingsFile> read = read_passed(file, std::move(path));
  if (!read) {
    answer.problems.push_back(read.error().text);
    co_return answer;
  }
  ReloadedSettings reloaded = reload_settings(terms_->settings, *sources_, *read);
  answer.problems = std::move(reloaded.problems);
  answer.warnings = std::move(reloaded.warnings);
  if (!answer.problems.empty()) co_return answer;
  if (std::string other = other_file(start_path_, read->path); !other.empty()) {
    answer.warnings.push_back(std::move(other));
  }
  answer.applied = std::move(reloaded.applied);
  answer.pending = std::move(reloaded.pending);
  answer.hidden = std::move(reloaded.hidden);
  sources_ = std::move(reloaded.sources);
  if (answer.applied.empty()) co_return answer;
  put_in_force(std::make_shared<const Terms>(reloaded.settings, parts_, terms_.get()));
  LATCHKEY_AWAIT(tell_cores());
  co_return answer;
}

void Reloader::put_in_force(std::shared_ptr<const Terms> terms) {
  if (listener_ != nullptr && terms->settings.node != terms_->settings.node) {
    listener_->set_node(terms->settings.node);
  }
  terms_ = std::move(terms);
  log_.set_least(terms_->settings.log_level);
}

runtime::Task<void> Reloader::tell_cores() {
  is_busy_ = true;
  for (const std::unique_ptr<Core>& core : cores_) {
    std::shared_ptr<CoreTerms> made = core->make_terms(terms_);
    LATCHKEY_AWAIT(const Result<bool> told,
                   runtime::call(own_, core->port_id(),
                                 [&core, &made](runtime::Port&) { return core->serve_by(std::move(made)); }));
    LATCHKEY_ASSERT(told.has_value());
  }
  is_busy_ = false;
}

}  // namespace latchkey::server
