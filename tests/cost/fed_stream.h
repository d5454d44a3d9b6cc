// FedStream: a stream whose peer is the measuring program. The program feeds bytes, which arrive in receive
// buffers of the server's size, and says when each wait ends. What is sent is taken at once and counted.
// Thread: one.
#pragma once

#include <algorithm>
#include <coroutine>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "latchkey/net/stream.h"
#include "latchkey/runtime/buffer_ring.h"

namespace latchkey::cost {

class FedStream final : public net::Stream {
 public:
  /// Lifetime: `buffers` outlives the stream.
  explicit FedStream(runtime::BufferRing& buffers) noexcept : buffers_(buffers) {}

  void feed(std::string_view bytes) { unread_ = bytes; }
  void end() noexcept { ended_ = true; }

  /// Whether a wait would end now.
  bool is_due() const noexcept { return sender_ || (receiver_ && (!unread_.empty() || ended_)); }
  /// Ends the wait that is due. As much of what was fed is there at once as a socket's queue holds.
  void resume() {
    queued_ = kMostQueued;
    std::exchange(sender_ ? sender_ : receiver_, nullptr).resume();
  }

  bool is_receiving() const noexcept { return static_cast<bool>(receiver_); }

  /// Keeps what is being sent. The kernel would copy it, but not between two marks.
  void collect() { sent_.append(std::exchange(sending_, {})); }
  /// Returns what was collected since the last call.
  std::string take_sent() { return std::exchange(sent_, {}); }

  void set_deadline(BootTime) noexcept override {}
  void shutdown_send() noexcept override {}
  void abort() noexcept override {}
  runtime::Task<void> close() override { co_return; }

 private:
  // As many as a SocketStream lets wait.
  static constexpr std::size_t kMostQueued = 8;

  bool can_receive() const noexcept override { return unread_.empty() ? ended_ : queued_ > 0; }
  void wait_received(std::coroutine_handle<> waiter) noexcept override { receiver_ = waiter; }
  net::Received take_received() noexcept override {
    if (queued_ > 0) --queued_;
    if (unread_.empty()) return {runtime::Chunk{}, net::StreamEnd::kClosed};
    const std::string_view bytes = unread_.substr(0, buffers_.buffer_bytes());
    unread_.remove_prefix(bytes.size());
    const std::uint32_t flags = IORING_CQE_F_BUFFER | (next_buffer_++ % kBuffers << IORING_CQE_BUFFER_SHIFT);
    runtime::Chunk chunk = buffers_.take(flags, bytes.size());
    std::copy(bytes.begin(), bytes.end(), chunk.bytes().begin());
    return {std::move(chunk), net::StreamEnd::kNone};
  }
  void start_send(std::span<const char> bytes, std::coroutine_handle<> waiter) noexcept override {
    sending_ = std::string_view(bytes.data(), bytes.size());
    sender_ = waiter;
  }
  net::StreamEnd send_result() noexcept override { return net::StreamEnd::kNone; }

 public:
  static constexpr unsigned kBuffers = 64;

 private:
  runtime::BufferRing& buffers_;
  std::string_view unread_;
  std::size_t queued_ = 0;
  bool ended_ = false;
  unsigned next_buffer_ = 0;
  std::string_view sending_;
  std::string sent_;
  std::coroutine_handle<> receiver_;
  std::coroutine_handle<> sender_;
};

}  // namespace latchkey::cost
