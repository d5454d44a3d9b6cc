#include "latchkey/net/socket_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "latchkey/base/assert.h"

namespace latchkey::net {

namespace {

/// Whether the result says nothing about the connection: the kernel had no memory, no room or no time just
/// then.
bool is_passing(std::int32_t result) noexcept {
  return result == -EAGAIN || result == -EINTR || result == -ENOMEM || result == -ENOBUFS;
}

}  // namespace

SocketStream::SocketStream(runtime::Loop& loop, runtime::BufferRing& buffers, int fd, int message_flags,
                           SendBy send_by, FileInbox* files)
    : loop_(loop),
      buffers_(buffers),
      fd_(fd),
      message_flags_(message_flags),
      send_by_(send_by),
      files_(files),
      queue_(buffers) {
  loop_.watch(*this);
}

SocketStream::~SocketStream() { LATCHKEY_ASSERT(fd_ < 0 && !armed_ && !sender_); }

void SocketStream::arm() noexcept {
  LATCHKEY_ASSERT(!armed_);
  loop_.ring().start(&receive_operation_, [this](io_uring_sqe& entry) {
    if (files_ != nullptr) {
      // One receive at a time, because each has its own place for files.
      io_uring_prep_recvmsg(&entry, fd_, files_->begin_receive(),
                            static_cast<unsigned>(message_flags_ | MSG_CMSG_CLOEXEC));
    } else {
      // Multishot: one submission for everything the peer will send. Each completion names the buffer it
      // filled.
      io_uring_prep_recv_multishot(&entry, fd_, nullptr, 0, message_flags_);
    }
    entry.flags |= IOSQE_BUFFER_SELECT;
    entry.buf_group = runtime::BufferRing::kGroup;
  });
  armed_ = true;
  cancelling_ = false;
}

void SocketStream::cancel_receive() noexcept {
  if (!armed_ || cancelling_) return;
  cancelling_ = true;
  loop_.ring().cancel(receive_operation_);
}

void SocketStream::wait_received(std::coroutine_handle<> waiter) noexcept {
  LATCHKEY_ASSERT(!receiver_);
  receiver_ = waiter;
  timed_out_ = false;
  if (!armed_ && !starved_ && !receive_paused_) arm();
}

Received SocketStream::take_received() noexcept {
  if (queue_.size() == 0) {
    const StreamEnd end = end_;
    // A deadline ends one wait, not the stream.
    if (end == StreamEnd::kTimedOut) end_ = StreamEnd::kNone;
    return Received{runtime::Chunk{}, end};
  }
  return Received{queue_.pop(), StreamEnd::kNone};
}

void SocketStream::received(std::int32_t result, std::uint32_t flags) noexcept {
  if ((flags & IORING_CQE_F_MORE) == 0) {
    armed_ = false;
    cancelling_ = false;
  }
  if (result > 0) {
    if (files_ != nullptr) files_->end_receive();
    queue_.push(buffers_.take(flags, static_cast<std::size_t>(result)));
    if (queue_.size() >= kEnoughQueued) cancel_receive();
  } else {
    receive_ended(result);
  }
  // A woken waiter may destroy the stream, so nothing is touched afterwards.
  if (closer_) {
    wake_closer();
  } else if (can_receive()) {
    wake_receiver();
  } else if (receiver_ && !armed_ && !starved_ && !receive_paused_) {
    arm();
  }
}

void SocketStream::receive_ended(std::int32_t result) noexcept {
  if (result == -ENOBUFS) {
    // Back-pressure: all buffers of the core were in use. Armed again when one comes back, or at the next
    // receive.
    if (receiver_ && !buffers_.has_buffer()) {
      starved_ = true;
      buffers_.wait_for_buffer(*this);
    }
    return;
  }
  if (is_passing(result)) {
    if (receiver_ && timed_out_) {
      end_ = StreamEnd::kTimedOut;
    } else if (receiver_ && !armed_) {
      receive_paused_ = true;
      look_soon();
    }
  } else if (result == 0) {
    if (end_ == StreamEnd::kNone) end_ = StreamEnd::kClosed;
  } else if (result != -ECANCELED) {
    end_ = StreamEnd::kBroken;
  } else if (timed_out_ && receiver_ && end_ == StreamEnd::kNone) {
    end_ = StreamEnd::kTimedOut;
  }
  // This stream may have been notified of a free buffer that it no longer takes. The next one in line gets
  // it.
  buffers_.pass_on();
}

bool SocketStream::buffer_is_back() noexcept {
  starved_ = false;
  arm();
  // The kernel asks for a buffer before it looks for bytes, so a stream in the line may have nothing to
  // receive. This is a system call on a core thread, but only while buffers are short.
  pollfd readable{fd_, POLLIN | POLLRDHUP, 0};
  return ::poll(&readable, 1, 0) != 0;
}

void SocketStream::wake_receiver() noexcept {
  if (receiver_) std::exchange(receiver_, nullptr).resume();
}

// For a caller that is no completion of the kernel: it must not have the stream destroyed under it.
void SocketStream::make_receiver_ready() noexcept {
  if (!receiver_) return;
  ready_receiver_.handle = std::exchange(receiver_, nullptr);
  loop_.ready().push(ready_receiver_);
}

void SocketStream::start_send(std::span<const char> bytes, std::coroutine_handle<> waiter) noexcept {
  LATCHKEY_ASSERT(!sender_);
  sender_ = waiter;
  timed_out_ = false;
  send_end_ = StreamEnd::kNone;
  unsent_ = bytes;
  send_rest();
}

void SocketStream::send_rest() noexcept {
  loop_.ring().start(&send_operation_, [this](io_uring_sqe& entry) {
    if (send_by_ == SendBy::kWrite) {
      io_uring_prep_write(&entry, fd_, unsent_.data(), static_cast<unsigned>(unsent_.size()), 0);
      return;
    }
    // WAITALL: the kernel itself continues after a short write. It gives up if something stops it on the way:
    // an error, which it does not report then, a cancellation, or a socket that must not wait. The result
    // says how far it came.
    io_uring_prep_send(&entry, fd_, unsent_.data(), unsent_.size(),
                       MSG_NOSIGNAL | MSG_WAITALL | message_flags_);
  });
}

void SocketStream::sent(std::int32_t result) noexcept {
  if (result > 0) unsent_ = unsent_.subspan(std::min(static_cast<std::size_t>(result), unsent_.size()));
  if (!unsent_.empty() && !timed_out_) {
    // If an error stopped it for good, the next send reports that error.
    if (result > 0) return send_rest();
    if (is_passing(result)) {
      send_paused_ = true;
      return look_soon();
    }
  }
  if (!unsent_.empty()) send_end_ = timed_out_ ? StreamEnd::kTimedOut : StreamEnd::kBroken;
  std::exchange(sender_, nullptr).resume();
}

void SocketStream::look_soon() noexcept {
  loop_.forget(*this);
  loop_.watch(*this, loop_.now().ms + kRetryMs);
}

void SocketStream::retry() noexcept {
  if (std::exchange(send_paused_, false)) send_rest();
  if (std::exchange(receive_paused_, false)) arm();
}

std::int64_t SocketStream::look(BootTime now) noexcept {
  retry();
  if (now < deadline_) return deadline_.ms;
  if (sender_) {
    timed_out_ = true;
    loop_.ring().cancel(send_operation_);
  } else if (receiver_) {
    timed_out_ = true;
    if (starved_) {
      end_ = StreamEnd::kTimedOut;
      end_starved_receive();
    } else {
      cancel_receive();
    }
  }
  return now.ms + runtime::Loop::kStrideMs;
}

void SocketStream::shutdown_send() noexcept { ::shutdown(fd_, SHUT_WR); }

// Uses the ring, not a shutdown of both directions. The sandbox refuses such a shutdown, because it would
// also turn a listener into a socket that can be connected.
void SocketStream::abort() noexcept {
  if (end_ == StreamEnd::kNone) end_ = StreamEnd::kBroken;
  shutdown_send();
  cancel_receive();
  // A paused send is retried now and fails. A paused receive would only wait for bytes, so its waiter is
  // woken.
  if (std::exchange(send_paused_, false)) send_rest();
  if (std::exchange(receive_paused_, false)) return make_receiver_ready();
  if (starved_) end_starved_receive();
}

void SocketStream::end_starved_receive() noexcept {
  buffers_.stop_waiting(*this);
  starved_ = false;
  make_receiver_ready();
}

void SocketStream::wake_closer() noexcept {
  if (closer_ && !armed_) std::exchange(closer_, nullptr).resume();
}

runtime::Task<void> SocketStream::close() {
  struct Disarmed {
    SocketStream& stream;
    bool await_ready() const noexcept { return !stream.armed_; }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { stream.closer_ = waiter; }
    void await_resume() const noexcept {}
  };
  LATCHKEY_ASSERT(!receiver_ && !sender_);
  loop_.forget(*this);
  buffers_.stop_waiting(*this);
  starved_ = false;
  cancel_receive();
  const Disarmed disarmed{*this};
  co_await disarmed;
  queue_.clear();
  // The ring closes the socket, in one batch with whatever else this pass submits.
  loop_.ring().start(nullptr, [this](io_uring_sqe& entry) {
    io_uring_prep_close(&entry, std::exchange(fd_, -1));
    entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
  });
}

}  // namespace latchkey::net
