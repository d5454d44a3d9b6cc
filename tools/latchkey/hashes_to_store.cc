#include "hashes_to_store.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace latchkey::command {

namespace {

constexpr std::size_t kMaxThreads = 16;
/// Below a server that runs, but not so far that a busy one holds up the import.
constexpr int kNiceness = 5;
/// With more than this, a person at a terminal is told that it takes a while.
constexpr std::size_t kManyHashes = 200;

/// Runs `work(i)` for each number below `count`, on several threads. Returns an error if there was one.
template <class Work>
std::optional<Error> for_each(std::size_t count, Work work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> first;
  const auto run = [&] {
    // Of this thread alone.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
    for (std::size_t i = next++; i < count; i = next++) {
      if (const Result<void> done = work(i); !done) {
        const std::lock_guard lock(mutex);
        first = done.error();
        next = count;
      }
    }
  };
  const std::size_t threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1,
                                                      std::min(kMaxThreads, std::max<std::size_t>(count, 1)));
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) running.emplace_back(run);
  for (std::thread& thread : running) thread.join();
  return first;
}

}  // namespace

Result<std::string_view> HashesToStore::add(std::string& hash) {
  LATCHKEY_TRY(credential::ForeignHash read, credential::ForeignHash::read(hash));
  const std::string_view weak = read.weak();
  places_.push_back({&hash, std::move(read)});
  return weak;
}

Result<void> HashesToStore::make() {
  std::map<std::string_view, std::string> of_kind;
  std::vector<Place*> to_wrap;
  for (Place& place : places_) {
    if (place.read.weak().empty()) {
      LATCHKEY_TRY(*place.hash, place.read.to_store());
    } else if (!dry_run_) {
      to_wrap.push_back(&place);
    } else {
      std::string& made = of_kind[place.read.weak()];
      if (made.empty()) {
        LATCHKEY_TRY(made, place.read.to_store());
      }
      *place.hash = made;
    }
  }
  if (to_wrap.size() > kManyHashes && ::isatty(STDERR_FILENO) == 1)
    fmt::print(stderr, "latchkey: wrapping {} hashes in Argon2id; each takes as long as a login\n",
               to_wrap.size());
  const std::optional<Error> failed = for_each(to_wrap.size(), [&to_wrap](std::size_t i) -> Result<void> {
    LATCHKEY_TRY(*to_wrap[i]->hash, to_wrap[i]->read.to_store());
    return {};
  });
  if (failed) return tl::unexpected(*failed);
  return {};
}

}  // namespace latchkey::command
