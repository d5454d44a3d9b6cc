// Stream is a two-way flow of bytes with one peer: a TCP or UNIX socket. No call needs a coroutine frame.
// Thread: one. One coroutine uses it, with at most one receive and one send waiting at a time.
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
  kNone,      ///< it did not end: bytes arrived, or all bytes were sent
  kClosed,    ///< the peer ended its side
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

  /// `co_await stream.receive()` gives the next bytes, or says why there are none.
  ReceiveAwaiter receive() noexcept { return ReceiveAwaiter(*this); }

  /// `co_await stream.send(bytes)` continues when the kernel has taken all of `bytes`.
  /// Lifetime: `bytes` must live until then.
  SendAwaiter send(std::span<const char> bytes) noexcept { return SendAwaiter(*this, bytes); }

  /// A wait that lasts beyond `when` ends with kTimedOut, within Loop::kStrideMs. A deadline that has passed
  /// stays passed: set another before the next wait. Costs a store.
  virtual void set_deadline(BootTime when) noexcept = 0;

  /// Tells the peer that nothing more will come. The peer may still send.
  virtual void shutdown_send() noexcept = 0;

  /// Ends a wait in progress as kBroken, in a later step of the loop. Called when the server stops.
  virtual void abort() noexcept = 0;

  /// Waits until the kernel has let go of everything, then closes. This must be the last call.
  virtual runtime::Task<void> close() = 0;

 protected:
  virtual bool can_receive() const noexcept = 0;
  virtual void wait_received(std::coroutine_handle<> waiter) noexcept = 0;
  virtual Received take_received() noexcept = 0;
  virtual void start_send(std::span<const char> bytes, std::coroutine_handle<> waiter) noexcept = 0;
  virtual StreamEnd send_result() noexcept = 0;
};

}  // namespace latchkey::net
