// CrashRun: the life of one data directory under crashes. A server is started over it, several holders work
// on it together, and it is ended in the middle, again and again. After each end, what is on disk is compared
// with the holders' records. Thread: the main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "crash/holder.h"
#include "crash/victim.h"
#include "support/temporary_directory.h"

namespace latchkey::test {

struct CrashRunOptions {
  std::int64_t timeout_s = 20;  ///< of a token
  std::uint64_t seed = 1;
  std::vector<std::string> environment;  ///< of the server
};

/// How a round ended, and the last moment at which the server can have acted.
struct Ended {
  int status = 0;
  std::int64_t at_ms = 0;
};

class CrashRun {
 public:
  static constexpr std::size_t kHolders = 4;

  /// Starts nothing yet.
  explicit CrashRun(const CrashRunOptions& options);

  /// Starts the server for the first time. Makes the holders' users, and kUser, for whom no record is kept.
  void begin();

  Victim& victim() noexcept { return victim_; }
  std::mt19937_64& random() noexcept { return random_; }

  /// A whole number below `bound`.
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  /// Has all holders verify what they know against the server, which was just started.
  void verify(bool all = false);

  /// Has all holders work on the server, while `disturb` runs on a thread of its own with the shift that they
  /// share. Returns how the server ended.
  Ended work(const std::function<void(Shift&)>& disturb);

  /// Has each holder work until it has `answers` answers, on a server that keeps running.
  void work_on(int answers, Shift& shift);

  /// To be called after the server has ended: checks the disk, and has the holders settle what was open.
  DiskImage settle(const Ended& ended);

  /// Waits for the server's end.
  Ended wait();

  std::int64_t uses_taken_back();

 private:
  TemporaryDirectory directory_;
  std::mt19937_64 random_;
  Victim victim_;
  std::vector<Holder> holders_;
};

}  // namespace latchkey::test
