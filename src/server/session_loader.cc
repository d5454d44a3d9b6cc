#include "server/session_loader.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "latchkey/api/profile_parts.h"
#include "latchkey/base/named_thread.h"
#include "latchkey/credential/user_table.h"
#include "latchkey/store/session_table.h"

namespace latchkey::server {

namespace {

// Sessions passed from the reader to a shard's thread at once: some tens of kilobytes, to fit a core's cache.
constexpr std::size_t kSessionsPerBatch = 256;
// Batches that may wait for a shard's thread; beyond this the reader waits.
constexpr std::size_t kMaxWaiting = 8;
// Between two calls of `got_on`: some hundredths of a second.
constexpr std::size_t kSessionsPerReport = 65'536;
// Rows removed per transaction: bounds what the log and SQLite's memory must hold for one.
constexpr std::size_t kRowsPerTransaction = 65'536;

using Batch = std::vector<store::Session>;

// One shard's thread, and the queue to it.
// Thread: the reader's makes it and calls everything that is public.
class Filler {
 public:
  Filler(token::Shard& shard, token::TableTime now, WallTime exact_since)
      : shard_(shard),
        now_(now),
        exact_since_(exact_since),
        thread_(named_thread("load", [this] { run(); })) {}
  ~Filler() { end(); }
  Filler(const Filler&) = delete;
  Filler& operator=(const Filler&) = delete;

  void give(store::Session& session) {
    next_.push_back(std::move(session));
    if (next_.size() == kSessionsPerBatch) send();
  }

  /// Returns once everything given has been taken in.
  void end() {
    if (!thread_.joinable()) return;
    if (!next_.empty()) send();
    send();
    thread_.join();
  }

  // Requires: `end` has returned.
  std::size_t taken() const noexcept { return taken_; }
  const std::vector<store::RowId>& forgotten() const noexcept { return forgotten_; }
  const std::optional<Error>& problem() const noexcept { return problem_; }

 private:
  /// Sends the batch; an empty one is the last.
  void send() {
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [this] { return waiting_.size() < kMaxWaiting; });
    waiting_.push_back(std::exchange(next_, {}));
    next_.reserve(kSessionsPerBatch);
    lock.unlock();
    has_batch_.notify_one();
  }

  Batch receive() {
    std::unique_lock lock(mutex_);
    has_batch_.wait(lock, [this] { return !waiting_.empty(); });
    Batch batch = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    has_room_.notify_one();
    return batch;
  }

  void run() {
    for (Batch batch = receive(); !batch.empty(); batch = receive()) {
      for (const store::Session& session : batch) take_in(session);
    }
  }

  void take_in(const store::Session& session) {
    if (problem_) return;
    const Result<token::Loaded> loaded = shard_.load(session, now_, exact_since_);
    if (!loaded) {
      problem_ = loaded.error();
    } else if (*loaded == token::Loaded::kForget) {
      forgotten_.push_back(session.row);
    } else {
      ++taken_;
    }
  }

  token::Shard& shard_;
  const token::TableTime now_;
  const WallTime exact_since_;
  std::size_t taken_ = 0;
  std::vector<store::RowId> forgotten_;
  std::optional<Error> problem_;
  Batch next_;  // the reader's
  std::mutex mutex_;
  std::condition_variable has_room_;
  std::condition_variable has_batch_;
  std::deque<Batch> waiting_;
  std::thread thread_;  // last: it uses all of the above
};

Result<void> forget(store::Database& database, std::span<const store::RowId> rows) {
  while (!rows.empty()) {
    const std::size_t count = std::min(rows.size(), kRowsPerTransaction);
    LATCHKEY_TRY(store::Transaction transaction, store::Transaction::begin(database));
    LATCHKEY_TRY(store::forget_rows(database, rows.first(count)));
    LATCHKEY_TRY(transaction.commit());
    rows = rows.subspan(count);
  }
  return {};
}

// Gives the tokens of users with groups or details their profile. It costs nothing for the other users.
Result<void> load_profiles(store::Database& database, const token::Keyring& keyring,
                           std::span<token::Shard* const> shards) {
  const auto count = static_cast<std::uint32_t>(shards.size());
  Result<void> set;
  LATCHKEY_TRY(credential::user_table::load_profiles(database, [&](const credential::User& user) {
    if (!set) return;
    token::Shard& shard = *shards[token::shard_of(keyring.tag_of(user.id), count)];
    if (const Result<bool> done = shard.set_profile(user.id, api::profile_parts(user)); !done) {
      set = tl::unexpected<Error>(done.error());
    }
  }));
  return set;
}

}  // namespace

Result<std::size_t> load_sessions(store::Database& database, const token::Keyring& keyring,
                                  std::span<token::Shard* const> shards, token::TableTime now,
                                  WallTime exact_since, const std::function<void()>& got_on) {
  std::vector<std::unique_ptr<Filler>> fillers;
  for (token::Shard* const shard : shards)
    fillers.push_back(std::make_unique<Filler>(*shard, now, exact_since));
  const auto count = static_cast<std::uint32_t>(shards.size());
  // In the order of rows, and so each shard's part is too: a user's list is in that order.
  std::size_t given = 0;
  Result<std::size_t> loaded = store::load_all(database, [&](store::Session& session) {
    if (got_on && given++ % kSessionsPerReport == 0) got_on();
    fillers[token::shard_of(keyring.tag_of(session.user_id), count)]->give(session);
  });
  for (const std::unique_ptr<Filler>& filler : fillers) filler->end();
  LATCHKEY_TRY(std::move(loaded));
  std::size_t taken = 0;
  for (const std::unique_ptr<Filler>& filler : fillers) {
    if (filler->problem()) return tl::unexpected<Error>(*filler->problem());
    taken += filler->taken();
  }
  LATCHKEY_TRY(load_profiles(database, keyring, shards));
  for (const std::unique_ptr<Filler>& filler : fillers) {
    LATCHKEY_TRY(forget(database, filler->forgotten()));
  }
  return taken;
}

}  // namespace latchkey::server
