// Stream: a two-way flow of bytes with one peer, as a connection sees it: a TCP or UNIX socket today. One
// coroutine uses it, on one thread: at most one receive and one send wait at a time. No call takes a frame.
#pragma once

#include <coroutine>
#include <cstdint>
#include <span>

#include "latchkey/base/clock.h"
#include "latchkey/runtime/buffer_ring.h"
#include "latchkey/runtime/task.h"

namespace latchkey::net {

/// How a receive or a send ended.
enum class StreamEnd : std::uint8_t {
  kNone,      ///< it did not: bytes came, or all bytes went
  kClosed,    ///< the peer has ended its side
  kTimedOut,  ///< the deadline passed
  kBroken,    ///< the connection is gone
};

struct Received {
  runtime::Chunk chunk;  ///< empty unless `end` is kNone
  StreamEnd end = StreamEnd::kNone;
};

class Stream {
 public:
  virtual ~Stream() = default;

  class ReceiveAwaiter {
   public:
    explicit ReceiveAwaiter(Stream& stream) noexcept : stream_(stream) {}
    bool await_ready() const noexcept { return stream_.can_receive(); }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { stream_.wait_received(waiter); }
    Received await_resume() const noexcept { return stream_.take_received(); }

   private:
    Stream& stream_;
  };

  class SendAwaiter {
   public:
    SendAwaiter(Stream& stream, std::span<const char> bytes) noexcept : stream_(stream), bytes_(bytes) {}
    bool await_ready() const noexcept { return bytes_.empty(); }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { stream_.start_send(bytes_, waiter); }
    StreamEnd await_resume() const noexcept {
      return bytes_.empty() ? StreamEnd::kNone : stream_.send_result();
    }

   private:
    Stream& stream_;
    std::span<const char> bytes_;
  };

  /// `co_await stream.receive()`: the next bytes, or why there are none.
  ReceiveAwaiter receive() noexcept { return ReceiveAwaiter(*this); }

  /// `co_await stream.send(bytes)`: goes on when the kernel has taken all of `bytes`, which must live until
  /// then.
  SendAwaiter send(std::span<const char> bytes) noexcept { return SendAwaiter(*this, bytes); }

  /// A wait that lasts beyond `when` ends with kTimedOut, within Loop::kStrideMs. A deadline that has passed
  /// stays one: set another before the next wait. Costs a store.
  virtual void set_deadline(BootTime when) noexcept = 0;

  /// Tells the peer that nothing more comes. It may still send.
  virtual void shutdown_send() noexcept = 0;

  /// Ends the wait that is on, if any, as kBroken, perhaps before this returns: the server stops.
  virtual void abort() noexcept = 0;

  /// Waits until the kernel has let go of everything, and closes. The last call.
  virtual runtime::Task<void> close() = 0;

 protected:
  virtual bool can_receive() const noexcept = 0;
  virtual void wait_received(std::coroutine_handle<> waiter) noexcept = 0;
  virtual Received take_received() noexcept = 0;
  virtual void start_send(std::span<const char> bytes, std::coroutine_handle<> waiter) noexcept = 0;
  virtual StreamEnd send_result() noexcept = 0;
};

}  // namespace latchkey::net
