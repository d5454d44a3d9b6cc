#include "latchkey/runtime/ring.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "latchkey/base/assert.h"

namespace latchkey::runtime {

namespace {

// user_data is the address of an Operation or one of these, which no address can equal.
constexpr std::uint64_t kNobody = 0;  // a null Operation*
constexpr std::uint64_t kDoorbell = 1;

constexpr unsigned kSetupFlags =
    // One thread submits, so the kernel needs no lock on the submission side. Requires the owner to enable
    // the ring.
    IORING_SETUP_SINGLE_ISSUER |
    // Completions are processed when this thread waits, not in the middle of its work. Requires
    // SINGLE_ISSUER.
    IORING_SETUP_DEFER_TASKRUN |
    // A bad entry does not stop the rest of the batch.
    IORING_SETUP_SUBMIT_ALL |
    // Nothing runs before buffers and restrictions are registered.
    IORING_SETUP_R_DISABLED |
    // Completions outnumber submissions: multishot operations complete many times.
    IORING_SETUP_CQSIZE;

tl::unexpected<Error> refusal(int error) {
  switch (error) {
    case ENOSYS:
      return failure(
          ErrorCode::kUnavailable,
          "io_uring is not available (ENOSYS): the kernel was built without it or a sandbox hides it; run on "
          "Linux 6.1 or later, and in a container allow io_uring_setup, io_uring_enter and io_uring_register "
          "in its seccomp profile");
    case EPERM:
    case EACCES:
      return failure(
          ErrorCode::kUnavailable,
          "io_uring is forbidden (EPERM): allow io_uring_setup, io_uring_enter and io_uring_register in the "
          "container's or unit's seccomp profile, and set the sysctl kernel.io_uring_disabled to 0");
    case EINVAL:
      return failure(
          ErrorCode::kUnavailable,
          "io_uring lacks SINGLE_ISSUER or DEFER_TASKRUN (EINVAL): this kernel is too old; run on Linux "
          "6.1 or later");
    case ENOMEM:
      return failure(
          ErrorCode::kUnavailable,
          "io_uring got no memory (ENOMEM): raise the limit on locked memory (LimitMEMLOCK= or ulimit "
          "-l), or "
          "lower --cores");
    case EMFILE:
    case ENFILE:
      return failure(
          ErrorCode::kUnavailable,
          "io_uring got no file descriptor: raise the limit on open files (LimitNOFILE= or ulimit -n)");
    default:
      return failure(ErrorCode::kUnavailable,
                     fmt::format("io_uring could not be set up: {}", std::strerror(error)));
  }
}

Result<void> not_registered(std::string_view what, int error) {
  return failure(ErrorCode::kUnavailable,
                 fmt::format("io_uring refused to be {}: {}; allow io_uring_register in the seccomp profile, "
                             "and run on Linux 6.1 or later",
                             what, std::strerror(error)));
}

}  // namespace

Result<std::unique_ptr<Ring>> Ring::create(const RingSettings& settings) {
  std::unique_ptr<Ring> ring(new Ring);
  io_uring_params parameters{};
  parameters.flags = kSetupFlags;
  parameters.cq_entries = settings.completion_entries;
  const int error = io_uring_queue_init_params(settings.submission_entries, &ring->ring_, &parameters);
  if (error < 0) {
    ring->ring_.ring_fd = -1;
    return refusal(-error);
  }
  LATCHKEY_TRY(ring->restrict_to(settings));
  return ring;
}

Ring::~Ring() {
  if (ring_.ring_fd >= 0) io_uring_queue_exit(&ring_);
}

Result<void> Ring::register_buffers(io_uring_buf_ring* buffers, unsigned entries, std::uint16_t group) {
  io_uring_buf_reg registration{};
  registration.ring_addr = std::bit_cast<std::uint64_t>(buffers);
  registration.ring_entries = entries;
  registration.bgid = group;
  const int error = uring_register(fd(), IORING_REGISTER_PBUF_RING, &registration, 1);
  if (error < 0) {
    return failure(
        ErrorCode::kUnavailable,
        fmt::format("io_uring refused a ring of {} provided buffers: {}; run on Linux 6.1 or later", entries,
                    std::strerror(-error)));
  }
  return {};
}

Result<void> Ring::register_file(int fd) {
  const int error = uring_register(this->fd(), IORING_REGISTER_FILES, &fd, 1);
  if (error < 0) {
    return failure(ErrorCode::kUnavailable,
                   fmt::format("io_uring refused a registered file: {}; run on Linux 6.1 or later",
                               std::strerror(-error)));
  }
  return {};
}

Result<void> Ring::restrict_to(const RingSettings& settings) {
  std::vector<io_uring_restriction> allowed;
  for (const std::uint8_t operation : settings.operations) {
    io_uring_restriction rule{};
    rule.opcode = IORING_RESTRICTION_SQE_OP;
    rule.sqe_op = operation;
    allowed.push_back(rule);
  }
  io_uring_restriction flags{};
  flags.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
  flags.sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;
  if (settings.fixed_file) flags.sqe_flags |= IOSQE_FIXED_FILE;
  allowed.push_back(flags);
  const int error = uring_register(fd(), IORING_REGISTER_RESTRICTIONS, allowed.data(),
                                   static_cast<unsigned>(allowed.size()));
  return error < 0 ? not_registered("restricted", -error) : Result<void>();
}

Result<void> Ring::enable() {
  const int error = uring_register(fd(), IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  return error < 0 ? not_registered("enabled", -error) : Result<void>();
}

io_uring_sqe& Ring::next() noexcept {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  if (entry == nullptr) {
    submit();
    entry = io_uring_get_sqe(&ring_);
    LATCHKEY_ASSERT(entry != nullptr);
  }
  return *entry;
}

void Ring::cancel(Operation& operation) noexcept {
  start(nullptr, [&operation](io_uring_sqe& entry) {
    io_uring_prep_cancel64(&entry, std::bit_cast<std::uint64_t>(&operation), 0);
  });
}

void Ring::wake(int target_fd, Operation& failed) noexcept {
  start(&failed, [target_fd](io_uring_sqe& entry) {
    io_uring_prep_msg_ring(&entry, target_fd, 0, kDoorbell, 0);
    // The sender gets a completion only if the doorbell did not ring.
    entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
  });
}

void Ring::submit() noexcept {
  int result = 0;
  do {
    result = io_uring_submit(&ring_);
    // EBUSY: the kernel holds completions that do not fit. It takes submissions again once they are fetched.
    if (result == -EBUSY || result == -EAGAIN) io_uring_get_events(&ring_);
  } while (result == -EINTR || result == -EBUSY || result == -EAGAIN);
  LATCHKEY_ASSERT(result >= 0);
}

void Ring::wait(std::int64_t wait_ms) noexcept {
  io_uring_cqe* first = nullptr;
  int result = 0;
  if (wait_ms == 0) {
    result = io_uring_submit_and_get_events(&ring_);
  } else if (wait_ms < 0) {
    result = io_uring_submit_and_wait(&ring_, 1);
  } else {
    __kernel_timespec timeout{};
    timeout.tv_sec = wait_ms / 1000;
    timeout.tv_nsec = (wait_ms % 1000) * 1'000'000;
    result = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
  }
  LATCHKEY_ASSERT(result >= 0 || result == -EINTR || result == -ETIME || result == -EBUSY ||
                  result == -EAGAIN);
}

bool Ring::run_completions() noexcept {
  constexpr unsigned kBatch = 64;
  std::array<io_uring_cqe*, kBatch> batch{};
  bool doorbell = false;
  unsigned count = 0;
  // Bounded by the size of the queue: completions that arrive while others run may be left to the next pass.
  unsigned budget = *ring_.cq.kring_entries;
  do {
    count = io_uring_peek_batch_cqe(&ring_, batch.data(), kBatch);
    if (preview_ != nullptr) {
      for (unsigned i = 0; i < count; ++i) preview_->coming(batch[i]->res, batch[i]->flags);
      preview_->all_seen();
    }
    for (unsigned i = 0; i < count; ++i) {
      const std::uint64_t whom = batch[i]->user_data;
      const std::int32_t result = batch[i]->res;
      const std::uint32_t flags = batch[i]->flags;
      if (whom == kDoorbell) {
        doorbell = true;
      } else if (whom != kNobody) {
        std::bit_cast<Operation*>(whom)->complete(result, flags);
      }
    }
    io_uring_cq_advance(&ring_, count);
    budget -= count < budget ? count : budget;
  } while (count == kBatch && budget > 0);
  return doorbell;
}

}  // namespace latchkey::runtime
