// Ring: one io_uring, owned by one thread. It is made on the main thread, disabled and restricted to the
// operations it may use; gets its buffers; and is enabled by the thread that will own it, which alone touches
// it after.
// An Operation in flight pins what it points to until its last completion has come back.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <span>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/uring.h"

namespace latchkey::runtime {

/// Something that waits for the kernel. The object outlives its last completion.
class Operation {
 public:
  /// `result` as the kernel gave it (-errno on failure), `flags` are IORING_CQE_F_*.
  virtual void complete(std::int32_t result, std::uint32_t flags) noexcept = 0;

 protected:
  ~Operation() = default;
};

/// Sees the completions of a batch before any of them runs, so that the memory that they will ask for is on
/// its way meanwhile. What it sees it leaves as it is.
class BatchPreview {
 public:
  /// As `Operation::complete` will get them.
  virtual void coming(std::int32_t result, std::uint32_t flags) noexcept = 0;
  /// All of the batch has been seen; its first completion runs next.
  virtual void all_seen() noexcept = 0;

 protected:
  ~BatchPreview() = default;
};

struct RingSettings {
  unsigned submission_entries = 256;
  unsigned completion_entries = 4096;
  /// The IORING_OP_* that the ring may use, which outlive it; any other is refused by the kernel with
  /// -EACCES.
  std::span<const std::uint8_t> operations;
  /// Whether they may name the file of `register_file`.
  bool fixed_file = false;
};

class Ring {
 public:
  /// Makes a disabled ring, which can do its operations and no more once it is enabled. The error says in one
  /// line what the kernel or a sandbox refused, and the way out.
  static Result<std::unique_ptr<Ring>> create(const RingSettings& settings);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// Registers a ring of provided buffers under `group`. Before `enable`.
  Result<void> register_buffers(io_uring_buf_ring* buffers, unsigned entries, std::uint16_t group);

  /// Registers `fd` as the fixed file 0, which stays open with the ring. Before `enable`.
  Result<void> register_file(int fd);

  /// Enables it, on the thread that owns it from now on. From here on it takes no registration.
  Result<void> enable();

  int fd() const noexcept { return ring_.ring_fd; }

  /// Queues an operation that `prepare(io_uring_sqe&)` describes; its completions go to `operation`, or
  /// nowhere when that is null. Hands what is queued to the kernel first when the queue is full.
  template <class Prepare>
  void start(Operation* operation, Prepare&& prepare) noexcept {
    io_uring_sqe& entry = next();
    prepare(entry);
    entry.user_data = std::bit_cast<std::uint64_t>(operation);
  }

  /// Asks the kernel to cancel `operation`, whose completion comes as ever (-ECANCELED where it had not
  /// ended).
  void cancel(Operation& operation) noexcept;

  /// Wakes the thread that waits on the ring `target_fd`; where the kernel cannot, `failed` is completed.
  void wake(int target_fd, Operation& failed) noexcept;

  /// Hands what is queued to the kernel without waiting.
  void submit() noexcept;

  /// One pass: hands over what is queued, waits for a completion until `wait_ms` have gone by (0: not at all;
  /// negative: for ever).
  void wait(std::int64_t wait_ms) noexcept;

  /// `preview` is shown every batch from now on; it outlives the last pass.
  void set_preview(BatchPreview& preview) noexcept { preview_ = &preview; }

  /// Runs the completions that are there. True when another thread rang the doorbell.
  bool run_completions() noexcept;

 private:
  io_uring_sqe& next() noexcept;

  Ring() = default;
  Result<void> restrict_to(const RingSettings& settings);

  io_uring ring_{};
  BatchPreview* preview_ = nullptr;
};

}  // namespace latchkey::runtime
