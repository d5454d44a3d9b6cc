// Ring: one io_uring, owned by one thread. The main thread makes it disabled, restricts it to the operations
// that it may use, and gives it buffers. The thread that will own it enables it.
// Thread: the owner's alone, once enabled.
// Lifetime: an Operation in flight pins what it points to until its last completion has come back.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <span>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/uring.h"

namespace latchkey::runtime {

/// Something that waits for the kernel.
/// Lifetime: the object outlives its last completion.
class Operation {
 public:
  /// `result` is the kernel's (-errno on failure); `flags` are IORING_CQE_F_*.
  virtual void complete(std::int32_t result, std::uint32_t flags) noexcept = 0;

 protected:
  ~Operation() = default;
};

/// Sees the completions of a batch before any of them runs, to prefetch the memory that they will need. It
/// changes nothing that it sees.
class BatchPreview {
 public:
  /// The arguments that `Operation::complete` will get.
  virtual void coming(std::int32_t result, std::uint32_t flags) noexcept = 0;
  /// The whole batch has been seen. Its first completion runs next.
  virtual void all_seen() noexcept = 0;

 protected:
  ~BatchPreview() = default;
};

struct RingSettings {
  unsigned submission_entries = 256;
  unsigned completion_entries = 4096;
  /// The IORING_OP_* that the ring may use. The kernel refuses any other with -EACCES.
  /// Lifetime: they outlive the ring.
  std::span<const std::uint8_t> operations;
  /// Whether the operations may name the file of `register_file`.
  bool fixed_file = false;
};

class Ring {
 public:
  /// Makes a disabled ring, which can do only its operations once it is enabled. An error says in one line
  /// what the kernel or a sandbox refused, and the remedy.
  static Result<std::unique_ptr<Ring>> create(const RingSettings& settings);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// Registers a ring of provided buffers under `group`.
  /// Requires: the ring is not enabled yet.
  Result<void> register_buffers(io_uring_buf_ring* buffers, unsigned entries, std::uint16_t group);

  /// Registers `fd` as the fixed file 0, which stays open with the ring.
  /// Requires: the ring is not enabled yet.
  Result<void> register_file(int fd);

  /// Enables the ring. It takes no registrations afterwards.
  /// Thread: the one that owns it from now on.
  Result<void> enable();

  int fd() const noexcept { return ring_.ring_fd; }

  /// Queues an operation that `prepare(io_uring_sqe&)` describes. Its completions go to `operation`, unless
  /// that is null. If the queue is full, its contents are first handed to the kernel.
  template <class Prepare>
  void start(Operation* operation, Prepare&& prepare) noexcept {
    io_uring_sqe& entry = next();
    prepare(entry);
    entry.user_data = std::bit_cast<std::uint64_t>(operation);
  }

  /// Asks the kernel to cancel `operation`. Its completion comes as usual, with -ECANCELED if it had not
  /// ended.
  void cancel(Operation& operation) noexcept;

  /// Wakes the thread that waits on the ring `target_fd`. If the kernel cannot, `failed` is completed.
  void wake(int target_fd, Operation& failed) noexcept;

  /// Hands queued operations to the kernel without waiting.
  void submit() noexcept;

  /// Hands over queued operations and waits for a completion for at most `wait_ms` (0: not at all; negative:
  /// without limit).
  void wait(std::int64_t wait_ms) noexcept;

  /// Shows `preview` every batch from now on.
  /// Lifetime: `preview` outlives the last pass.
  void set_preview(BatchPreview& preview) noexcept { preview_ = &preview; }

  /// Runs the completions that have arrived. Returns whether another thread rang the doorbell.
  bool run_completions() noexcept;

 private:
  io_uring_sqe& next() noexcept;

  Ring() = default;
  Result<void> restrict_to(const RingSettings& settings);

  io_uring ring_{};
  BatchPreview* preview_ = nullptr;
};

}  // namespace latchkey::runtime
