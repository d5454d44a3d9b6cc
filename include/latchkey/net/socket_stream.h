// SocketStream is a Stream over one connected socket, with a multishot receive into the core's provided
// buffers. Received chunks wait in a queue. When the queue is long, the receive is cancelled, and it is armed
// again once the chunks have been taken: a fast peer holds few buffers. A receive that finds no buffer waits
// in line for one. A passing failure of the kernel (a short send, -EINTR, -EAGAIN, no memory) does not end
// the connection: the stream asks for the rest again.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>

#include "latchkey/net/file_inbox.h"
#include "latchkey/net/stream.h"
#include "latchkey/runtime/buffer_ring.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/ready_queue.h"

namespace latchkey::net {

/// The operation by which a stream sends. A ring that may not send can still write.
enum class SendBy : std::uint8_t { kSend, kWrite };

class SocketStream final : public Stream, private runtime::Watched, private runtime::BufferWaiter {
 public:
  /// At this length of the queue the stream asks for no more. What the kernel receives until the cancellation
  /// takes effect comes on top.
  static constexpr std::size_t kEnoughQueued = 8;

  /// Takes ownership of `fd`. `message_flags` are MSG_* flags for every receive and send, beside the stream's
  /// own. With MSG_DONTWAIT the kernel answers at once: if it would have to wait, the answer is short or
  /// -EAGAIN. A write takes no flags.
  /// Requires: SIGPIPE is ignored if the stream is to write. With `files`, the ring may do IORING_OP_RECVMSG.
  /// Lifetime: `loop`, `buffers` and `files` must outlive the stream.
  SocketStream(runtime::Loop& loop, runtime::BufferRing& buffers, int fd, int message_flags = 0,
               SendBy send_by = SendBy::kSend, FileInbox* files = nullptr);
  ~SocketStream() override;

  void set_deadline(BootTime when) noexcept override { deadline_ = when; }
  void shutdown_send() noexcept override;
  void abort() noexcept override;
  runtime::Task<void> close() override;

 protected:
  bool can_receive() const noexcept override { return queue_.size() > 0 || end_ != StreamEnd::kNone; }
  void wait_received(std::coroutine_handle<> waiter) noexcept override;
  Received take_received() noexcept override;
  void start_send(std::span<const char> bytes, std::coroutine_handle<> waiter) noexcept override;
  StreamEnd send_result() noexcept override { return send_end_; }

 private:
  // How long the stream waits after the kernel had no memory or no room.
  static constexpr std::int64_t kRetryMs = 50;

  class ReceiveOperation final : public runtime::Operation {
   public:
    explicit ReceiveOperation(SocketStream& stream) noexcept : stream_(stream) {}
    void complete(std::int32_t result, std::uint32_t flags) noexcept override {
      stream_.received(result, flags);
    }

   private:
    SocketStream& stream_;
  };

  class SendOperation final : public runtime::Operation {
   public:
    explicit SendOperation(SocketStream& stream) noexcept : stream_(stream) {}
    void complete(std::int32_t result, std::uint32_t) noexcept override { stream_.sent(result); }

   private:
    SocketStream& stream_;
  };

  std::int64_t look(BootTime now) noexcept override;
  bool buffer_is_back() noexcept override;

  void arm() noexcept;
  void send_rest() noexcept;
  void look_soon() noexcept;
  void retry() noexcept;
  void cancel_receive() noexcept;
  void received(std::int32_t result, std::uint32_t flags) noexcept;
  void receive_ended(std::int32_t result) noexcept;
  void end_starved_receive() noexcept;
  void sent(std::int32_t result) noexcept;
  void wake_receiver() noexcept;
  void make_receiver_ready() noexcept;
  void wake_closer() noexcept;

  runtime::Loop& loop_;
  runtime::BufferRing& buffers_;
  int fd_;
  const int message_flags_;
  const SendBy send_by_;
  FileInbox* const files_;  ///< for what the peer passes; null: nothing is taken
  ReceiveOperation receive_operation_{*this};
  SendOperation send_operation_{*this};
  BootTime deadline_{runtime::kNever};

  std::coroutine_handle<> receiver_;
  runtime::Waiter ready_receiver_;  ///< the receiver on its way through the loop's ready queue
  runtime::ChunkQueue queue_;
  StreamEnd end_ = StreamEnd::kNone;
  bool armed_ = false;
  bool cancelling_ = false;
  bool starved_ = false;         ///< a receiver waits for a buffer
  bool receive_paused_ = false;  ///< a receiver waits for the next look
  bool timed_out_ = false;

  std::coroutine_handle<> sender_;
  std::span<const char> unsent_;
  bool send_paused_ = false;  ///< the rest is sent at the next look
  StreamEnd send_end_ = StreamEnd::kNone;

  std::coroutine_handle<> closer_;
};

}  // namespace latchkey::net
