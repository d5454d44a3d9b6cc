#include "latchkey/net/socket_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "latchkey/base/assert.h"

namespace latchkey::net {

SocketStream::SocketStream(runtime::Loop& loop, runtime::BufferRing& buffers, int fd)
    : loop_(loop), buffers_(buffers), fd_(fd), queue_(buffers) {
  loop_.watch(*this);
}

SocketStream::~SocketStream() { LATCHKEY_ASSERT(fd_ < 0 && !armed_ && !sender_); }

void SocketStream::arm() noexcept {
  LATCHKEY_ASSERT(!armed_);
  loop_.ring().start(&receive_operation_, [this](io_uring_sqe& entry) {
    // Multishot: one submission for all that the peer will send; each completion names the buffer it filled.
    io_uring_prep_recv_multishot(&entry, fd_, nullptr, 0, 0);
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
  if (!armed_ && !starved_) arm();
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
    queue_.push(buffers_.take(flags, static_cast<std::size_t>(result)));
    if (queue_.size() >= kEnoughQueued) cancel_receive();
  } else {
    receive_ended(result);
  }
  // Whoever is woken may end the stream: nothing is touched after.
  if (closer_) {
    wake_closer();
  } else if (can_receive()) {
    wake_receiver();
  } else if (receiver_ && !armed_ && !starved_) {
    arm();
  }
}

void SocketStream::receive_ended(std::int32_t result) noexcept {
  if (result == -ENOBUFS) {
    // Back-pressure: every buffer of the core was in use. Armed again when one comes back, or when somebody
    // wants to receive.
    if (receiver_ && !buffers_.has_buffer()) {
      starved_ = true;
      buffers_.wait_for_buffer(*this);
    }
    return;
  }
  if (result == 0) {
    if (end_ == StreamEnd::kNone) end_ = StreamEnd::kClosed;
  } else if (result != -ECANCELED) {
    end_ = StreamEnd::kBroken;
  } else if (timed_out_ && receiver_ && end_ == StreamEnd::kNone) {
    end_ = StreamEnd::kTimedOut;
  }
  // It may have been told that a buffer was there, which is now the next one's in line.
  buffers_.pass_on();
}

bool SocketStream::buffer_is_back() noexcept {
  starved_ = false;
  arm();
  // The kernel asks for a buffer before it looks for bytes, so a stream in the line may have none to receive.
  // A system call on a core thread, but only while buffers are short.
  pollfd readable{fd_, POLLIN | POLLRDHUP, 0};
  return ::poll(&readable, 1, 0) != 0;
}

void SocketStream::wake_receiver() noexcept {
  if (receiver_) std::exchange(receiver_, nullptr).resume();
}

void SocketStream::start_send(std::span<const char> bytes, std::coroutine_handle<> waiter) noexcept {
  LATCHKEY_ASSERT(!sender_);
  sender_ = waiter;
  timed_out_ = false;
  loop_.ring().start(&send_operation_, [this, bytes](io_uring_sqe& entry) {
    // WAITALL: the kernel goes on after a short write, so that one completion means all of it or an error.
    io_uring_prep_send(&entry, fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_WAITALL);
  });
  send_end_ = StreamEnd::kNone;
  send_bytes_ = bytes.size();
}

void SocketStream::sent(std::int32_t result) noexcept {
  if (result < 0 || static_cast<std::size_t>(result) < send_bytes_) {
    send_end_ = timed_out_ ? StreamEnd::kTimedOut : StreamEnd::kBroken;
  }
  std::exchange(sender_, nullptr).resume();
}

std::int64_t SocketStream::look(BootTime now) noexcept {
  if (now < deadline_) return deadline_.ms;
  if (sender_) {
    timed_out_ = true;
    loop_.ring().cancel(send_operation_);
  } else if (receiver_) {
    timed_out_ = true;
    if (starved_) {
      buffers_.stop_waiting(*this);
      starved_ = false;
      end_ = StreamEnd::kTimedOut;
      wake_receiver();
    } else {
      cancel_receive();
    }
  }
  return now.ms + runtime::Loop::kStrideMs;
}

void SocketStream::shutdown_send() noexcept { ::shutdown(fd_, SHUT_WR); }

// By the ring and not by a shutdown of both ways, which the sandbox refuses: it would also make a listener a
// socket that can be connected.
void SocketStream::abort() noexcept {
  if (end_ == StreamEnd::kNone) end_ = StreamEnd::kBroken;
  shutdown_send();
  cancel_receive();
  if (starved_) {
    buffers_.stop_waiting(*this);
    starved_ = false;
    wake_receiver();
  }
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
  // Closed by the ring, in the batch of whatever else this pass submits.
  loop_.ring().start(nullptr, [this](io_uring_sqe& entry) {
    io_uring_prep_close(&entry, std::exchange(fd_, -1));
    entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
  });
}

}  // namespace latchkey::net
