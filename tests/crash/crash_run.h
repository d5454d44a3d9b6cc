// One data directory's life under crashes: a server over it that is started, worked on by several holders
// together, and ended in the middle, again and again; what each end left is held against the holders'
// records. The main thread.
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

/// What a round ended as, and when: the last moment at which the server can have acted.
struct Ended {
  int status = 0;
  std::int64_t at_ms = 0;
};

class CrashRun {
 public:
  static constexpr std::size_t kHolders = 4;

  /// Nothing is started yet.
  explicit CrashRun(const CrashRunOptions& options);

  /// Starts it for the first time, and makes the holders' users, and kUser, of whom nothing is recorded.
  void begin();

  Victim& victim() noexcept { return victim_; }
  std::mt19937_64& random() noexcept { return random_; }

  /// A whole number below `bound`.
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  /// Has all holders verify what they know against the server, which was just started.
  void verify(bool all = false);

  /// Has all holders work on the server, while `disturb` runs on a thread of its own with the shift they
  /// share; gives how the server ended.
  Ended work(const std::function<void(Shift&)>& disturb);

  /// Has all holders work for so many answers each, on a server that stays.
  void work_on(int answers, Shift& shift);

  /// The server has ended: the disk is checked, and the holders settle what was open.
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
