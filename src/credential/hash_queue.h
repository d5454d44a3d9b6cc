// HashQueue: the order in which jobs are hashed, and which of them are refused. It is first in, first out
// until it overflows. From then on each new job has the oldest one refused, and the newest go first, but one
// in kOldestOnceIn is the oldest; that ends when the queue has run empty. So a login that is served in a
// storm is served at once, and so is the first one after the storm. Those refused stay here, apart, until
// their client has told them. Owned by a HashClient. Knows of no thread and no clock. Thread: its client's.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "latchkey/base/assert.h"

namespace latchkey::credential {

/// `Job`: what is waited for; it moves and is never copied.
template <class Job>
class HashQueue {
 public:
  /// Of the jobs that are taken from a queue that has overflowed, one in so many is the oldest.
  static constexpr std::size_t kOldestOnceIn = 4;

  /// `max_waiting`: jobs that wait, and apart from them jobs that are refused and not told.
  explicit HashQueue(std::size_t max_waiting) noexcept : max_waiting_(max_waiting) {}

  bool is_empty() const noexcept { return waiting_.empty(); }
  bool is_full() const noexcept { return waiting_.size() == max_waiting_; }
  std::size_t waiting() const noexcept { return waiting_.size(); }

  /// Adds a job, the newest. A full queue refuses its oldest for it. False, and nothing has changed, where
  /// that cannot be: the queue has no room at all, or as many as it has room for are refused and not told.
  [[nodiscard]] bool add(Job job) {
    if (is_full() && !refuse_oldest()) return false;
    waiting_.push_back(std::move(job));
    return true;
  }

  /// The job whose turn it is. Requires: the queue is not empty.
  Job take() {
    LATCHKEY_ASSERT(!is_empty());
    const bool is_newest = has_overflowed_ && ++taken_ % kOldestOnceIn != 0;
    Job job = is_newest ? take_newest() : take_oldest();
    if (is_empty()) has_overflowed_ = false;
    return job;
  }

  /// Jobs that are refused and not told.
  std::size_t refused() const noexcept { return refused_.size(); }

  /// Of those, the one refused last; its client tells it. Requires: there is one.
  Job take_refused() {
    LATCHKEY_ASSERT(!refused_.empty());
    Job job = std::move(refused_.back());
    refused_.pop_back();
    return job;
  }

 private:
  bool refuse_oldest() {
    if (is_empty() || refused() == max_waiting_) return false;
    if (!std::exchange(has_overflowed_, true)) taken_ = 0;
    refused_.push_back(take_oldest());
    return true;
  }
  Job take_oldest() {
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    return job;
  }
  Job take_newest() {
    Job job = std::move(waiting_.back());
    waiting_.pop_back();
    return job;
  }

  const std::size_t max_waiting_;
  std::deque<Job> waiting_;  ///< the oldest first
  std::vector<Job> refused_;
  bool has_overflowed_ = false;  ///< and has not run empty since
  std::size_t taken_ = 0;        ///< since it overflowed
};

}  // namespace latchkey::credential
