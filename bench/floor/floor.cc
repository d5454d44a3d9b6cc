// The floor: what the kernel charges for a request and its answer, and nothing else. It reads the bytes but
// parses nothing: it counts requests by their length, which it takes from the first one. Ring, buffers and
// flags are latchkeyd's own; the answers are prepared, and as long as those of /auth/verify. One thread, one
// ring. It ends by SIGTERM.
//
//   floor PORT|PATH [ANSWER_BYTES]
//
// A PATH, which begins with a slash, is that of a Unix socket.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/net/address.h"
#include "latchkey/net/listener.h"
#include "latchkey/runtime/buffer_ring.h"
#include "latchkey/runtime/ring.h"
#include "latchkey/server/core_ring.h"
#include "rig/count.h"

namespace latchkey {
namespace {

using runtime::BufferRing;
using runtime::Chunk;
using runtime::Operation;
using runtime::Ring;

/// The most answers that one write can hold.
constexpr std::size_t kMaxAnswers = 256;
constexpr std::size_t kDefaultAnswerBytes = 267;

/// kMaxAnswers answers of `bytes` bytes each.
std::string answers(std::size_t bytes) {
  const std::string_view head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Padding: ";
  const std::string_view end = "\r\n\r\n";
  std::string one(head);
  one.append(bytes > head.size() + end.size() ? bytes - head.size() - end.size() : 1, '.').append(end);
  std::string all;
  for (std::size_t i = 0; i < kMaxAnswers; ++i) all += one;
  return all;
}

class Floor;

/// One connection: a multishot receive, and at most one send in progress.
class Connection {
 public:
  Connection(Floor& floor, int fd) : floor_(floor), fd_(fd) { arm(); }

 private:
  struct Receive final : Operation {
    explicit Receive(Connection& owner) : connection(owner) {}
    void complete(std::int32_t result, std::uint32_t flags) noexcept override {
      connection.received(result, flags);
    }
    Connection& connection;
  };
  struct Send final : Operation {
    explicit Send(Connection& owner) : connection(owner) {}
    void complete(std::int32_t result, std::uint32_t) noexcept override { connection.sent(result); }
    Connection& connection;
  };

  void arm() noexcept;
  void received(std::int32_t result, std::uint32_t flags) noexcept;
  void sent(std::int32_t result) noexcept;
  void answer() noexcept;
  void end_if_idle() noexcept;

  Floor& floor_;
  int fd_;
  Receive receive_{*this};
  Send send_{*this};
  std::size_t request_bytes_ = 0;  // of one request; 0: not known yet
  std::size_t unanswered_bytes_ = 0;
  bool armed_ = false;
  bool sending_ = false;
  bool ended_ = false;
};

class Floor final : private Operation {
 public:
  Floor(std::unique_ptr<Ring> ring, std::unique_ptr<BufferRing> buffers, net::Listener listener,
        std::size_t answer_bytes)
      : ring_(std::move(ring)),
        buffers_(std::move(buffers)),
        listener_(std::move(listener)),
        answers_(answers(answer_bytes)),
        answer_bytes_(answers_.size() / kMaxAnswers) {}

  void run() {
    accept();
    while (true) {
      ring_->wait(-1);
      ring_->run_completions();
    }
  }

  Ring& ring() noexcept { return *ring_; }
  BufferRing& buffers() noexcept { return *buffers_; }
  std::string_view answers_of(std::size_t count) const noexcept {
    return std::string_view(answers_).substr(0, std::min(count, kMaxAnswers) * answer_bytes_);
  }

 private:
  void accept() noexcept {
    ring_->start(this, [this](io_uring_sqe& entry) {
      io_uring_prep_multishot_accept(&entry, listener_.fd(), nullptr, nullptr, 0);
    });
  }
  void complete(std::int32_t result, std::uint32_t flags) noexcept override {
    // The connection frees itself when its peer goes. If there is no memory for it, it is never answered.
    if (result >= 0) new (std::nothrow) Connection(*this, result);
    if ((flags & IORING_CQE_F_MORE) == 0) accept();
  }

  std::unique_ptr<Ring> ring_;
  std::unique_ptr<BufferRing> buffers_;
  net::Listener listener_;
  const std::string answers_;
  const std::size_t answer_bytes_;
};

void Connection::arm() noexcept {
  floor_.ring().start(&receive_, [this](io_uring_sqe& entry) {
    io_uring_prep_recv_multishot(&entry, fd_, nullptr, 0, 0);
    entry.flags |= IOSQE_BUFFER_SELECT;
    entry.buf_group = BufferRing::kGroup;
  });
  armed_ = true;
}

void Connection::received(std::int32_t result, std::uint32_t flags) noexcept {
  if ((flags & IORING_CQE_F_MORE) == 0) armed_ = false;
  if (result > 0) {
    Chunk chunk = floor_.buffers().take(flags, static_cast<std::size_t>(result));
    const std::string_view bytes(chunk.bytes().data(), chunk.bytes().size());
    if (request_bytes_ == 0) {
      const std::size_t end = bytes.find("\r\n\r\n");
      request_bytes_ = end == std::string_view::npos ? bytes.size() : end + 4;
    }
    unanswered_bytes_ += bytes.size();
    chunk.release_unwiped();
    if (!sending_) answer();
  } else if (result != -ENOBUFS) {
    ended_ = true;
  }
  if (!armed_ && !ended_) arm();
  end_if_idle();
}

void Connection::answer() noexcept {
  const std::size_t count = std::min(unanswered_bytes_ / request_bytes_, kMaxAnswers);
  if (count == 0 || ended_) return;
  unanswered_bytes_ -= count * request_bytes_;
  sending_ = true;
  const std::string_view bytes = floor_.answers_of(count);
  floor_.ring().start(&send_, [this, bytes](io_uring_sqe& entry) {
    io_uring_prep_send(&entry, fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_WAITALL);
  });
}

void Connection::sent(std::int32_t result) noexcept {
  sending_ = false;
  if (result < 0) ended_ = true;
  answer();
  end_if_idle();
}

void Connection::end_if_idle() noexcept {
  if (!ended_ || sending_) return;
  if (armed_) {
    ::shutdown(fd_, SHUT_RDWR);
    return;
  }
  ::close(fd_);
  delete this;
}

/// Listens where the argument says: at a path, or else at a port of 127.0.0.1.
Result<net::Listener> listen_at(std::string_view where) {
  if (where.starts_with('/')) return net::Listener::bind_unix(std::string(where));
  LATCHKEY_TRY(const net::Endpoint endpoint, net::Endpoint::parse(fmt::format("127.0.0.1:{}", where)));
  return net::Listener::bind_tcp(endpoint);
}

int run(int argument_count, char** arguments) {
  std::size_t answer_bytes = kDefaultAnswerBytes;
  if (argument_count < 2 || argument_count > 3 ||
      (argument_count == 3 && !bench::read_count(arguments[2], answer_bytes))) {
    fmt::print(stderr, "usage: floor PORT|PATH [ANSWER_BYTES]\n");
    return 2;
  }
  runtime::RingSettings settings;
  settings.submission_entries = server::kSubmissionEntries;
  settings.completion_entries = server::kCompletionEntries;
  settings.operations = server::kCoreOperations;
  Result<std::unique_ptr<Ring>> ring = Ring::create(settings);
  if (!ring) return fmt::print(stderr, "floor: {}\n", ring.error().text), 1;
  Result<std::unique_ptr<BufferRing>> buffers =
      BufferRing::create(**ring, server::kBuffers, server::kBufferBytes);
  if (!buffers) return fmt::print(stderr, "floor: {}\n", buffers.error().text), 1;
  Result<net::Listener> listener = listen_at(arguments[1]);
  if (!listener) return fmt::print(stderr, "floor: {}\n", listener.error().text), 1;
  if (const Result<void> enabled = (*ring)->enable(); !enabled) {
    return fmt::print(stderr, "floor: {}\n", enabled.error().text), 1;
  }
  fmt::print("floor: listening on {}\n", arguments[1]);
  std::fflush(stdout);
  Floor(std::move(*ring), std::move(*buffers), std::move(*listener), answer_bytes).run();
  return 0;
}

}  // namespace
}  // namespace latchkey

int main(int argument_count, char** arguments) { return latchkey::run(argument_count, arguments); }
