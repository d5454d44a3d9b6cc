// HashQueue: decides the order in which jobs are hashed, and which are refused. It is first in, first out
// until it overflows. From then on each new job causes the oldest to be refused, and the newest go first,
// with one in kOldestOnceIn the oldest, until the queue has run empty. A login that is served in a storm is
// therefore served at once, and so is the first one after the storm. Refused jobs are kept apart until their
// client has notified them. It knows no thread and no clock. A HashClient owns it.
// Thread: its client's.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "latchkey/base/assert.h"

namespace latchkey::credential {

/// `Job` is what somebody waits for. It is moved, never copied.
template <class Job>
class HashQueue {
 public:
  /// Of the jobs taken from a queue that has overflowed, one in this many is the oldest.
  static constexpr std::size_t kOldestOnceIn = 4;

  /// `max_waiting` bounds the jobs that wait and, separately, the jobs that are refused but not yet notified.
  explicit HashQueue(std::size_t max_waiting) noexcept : max_waiting_(max_waiting) {}

  /// Jobs that wait already stay, however many they are.
  void set_max_waiting(std::size_t max_waiting) noexcept { max_waiting_ = max_waiting; }

  bool is_empty() const noexcept { return waiting_.empty(); }
  bool is_full() const noexcept { return waiting_.size() >= max_waiting_; }
  std::size_t waiting() const noexcept { return waiting_.size(); }

  /// Adds a job as the newest. A full queue refuses its oldest job to make room. Returns false, and changes
  /// nothing, if that is impossible: the queue has no room at all, or already holds that many refused jobs.
  [[nodiscard]] bool add(Job job) {
    if (is_full() && !refuse_oldest()) return false;
    waiting_.push_back(std::move(job));
    return true;
  }

  /// Takes the job whose turn it is.
  /// Requires: the queue is not empty.
  Job take() {
    LATCHKEY_ASSERT(!is_empty());
    const bool is_newest = has_overflowed_ && ++taken_ % kOldestOnceIn != 0;
    Job job = is_newest ? take_newest() : take_oldest();
    if (is_empty()) has_overflowed_ = false;
    return job;
  }

  /// The number of jobs that are refused but not yet notified.
  std::size_t refused() const noexcept { return refused_.size(); }

  /// Takes the one refused last, for its client to notify.
  /// Requires: there is one.
  Job take_refused() {
    LATCHKEY_ASSERT(!refused_.empty());
    Job job = std::move(refused_.back());
    refused_.pop_back();
    return job;
  }

 private:
  bool refuse_oldest() {
    if (is_empty() || refused() >= max_waiting_) return false;
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

  std::size_t max_waiting_;
  std::deque<Job> waiting_;  ///< the oldest first
  std::vector<Job> refused_;
  bool has_overflowed_ = false;  ///< and has not been empty since
  std::size_t taken_ = 0;        ///< since it overflowed
};

}  // namespace latchkey::credential
