// PageSource: memory for the token table. A helper thread faults it in ahead of need. So a growing table
// makes no core thread take a page fault or wait for the process's memory-map lock. A client does the work
// itself when the helper is late, and counts that. One PageSource per process, one PageClient per core.
// Thread: a client belongs to its core's thread. Before the cores run, to the thread that starts them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "latchkey/base/result.h"
#include "runtime/spsc_queue.h"

namespace latchkey::runtime {

/// Whole, writable pages. `data` is nullptr if there was no memory.
struct PageBlock {
  std::byte* data = nullptr;
  std::size_t bytes = 0;
};

class PageSource;
class ReservedRange;

namespace detail {

/// A client's order to the helper, and its answer.
struct PageOrder {
  enum class Kind : std::uint8_t { kPopulate, kRelease };
  Kind kind = Kind::kPopulate;
  bool done = false;
  ReservedRange* range = nullptr;
  PageBlock block;
};

}  // namespace detail

class PageClient {
 public:
  /// The most orders that the helper has not answered.
  static constexpr std::size_t kMaxOrders = 256;

  explicit PageClient(PageSource& source) noexcept : source_(source) {}
  PageClient(const PageClient&) = delete;
  PageClient& operator=(const PageClient&) = delete;

  /// Takes in the helper's answers.
  void poll();
  /// Waits until the helper has done all orders. Only for the start and the end.
  void settle();

  /// How many times this thread had to populate memory itself.
  std::uint64_t done_here() const noexcept { return done_here_; }

 private:
  friend class PageSource;
  friend class ReservedRange;
  using Order = detail::PageOrder;

  bool send(const Order& order) noexcept;
  bool answer_orders() noexcept;  // the helper's thread

  PageSource& source_;
  std::size_t unanswered_ = 0;
  std::uint64_t done_here_ = 0;
  SpscQueue<Order> orders_{kMaxOrders};
  SpscQueue<Order> answers_{kMaxOrders};
};

/// A range of addresses reserved once. Its chunks are given memory and lose it again.
/// Thread: the client's.
/// Lifetime: the client outlives it.
class ReservedRange {
 public:
  enum class Chunk : std::uint8_t {
    kEmpty,      ///< no memory; touching it is a fatal fault, unless it was released: then it reads as
                 ///< zeros
    kOrdered,    ///< the helper is giving it memory
    kReady,      ///< the caller's; zeros at first
    kReleasing,  ///< the helper is taking its memory away
  };

  /// `chunk_bytes` is a multiple of the page size. If it is a multiple of 2 MiB, the range begins at one, and
  /// huge pages back it if the kernel has them.
  /// Errors: kUnavailable if the kernel refuses the addresses.
  static Result<std::unique_ptr<ReservedRange>> reserve(PageClient& client, std::size_t chunk_bytes,
                                                        std::size_t chunks);
  ~ReservedRange();
  ReservedRange(const ReservedRange&) = delete;
  ReservedRange& operator=(const ReservedRange&) = delete;

  std::byte* base() const noexcept { return base_; }
  std::size_t chunk_bytes() const noexcept { return chunk_bytes_; }
  std::size_t chunks() const noexcept { return states_.size(); }
  Chunk state(std::size_t chunk) const noexcept { return states_[chunk]; }
  std::size_t ready_bytes() const noexcept { return ready_chunks_ * chunk_bytes_; }

  /// Announces that an empty chunk will be needed soon. A hint, which may be dropped.
  void order(std::size_t chunk);
  /// Makes an empty or ordered chunk ready, on this thread if the helper has not. False: no memory.
  [[nodiscard]] bool make_ready(std::size_t chunk);
  /// Gives a ready chunk's memory back. False if the helper has too much to do: the chunk stays ready and may
  /// be released later.
  /// Requires: no thread reads it any more.
  bool release(std::size_t chunk) noexcept;

 private:
  friend class PageClient;

  ReservedRange(PageClient& client, PageBlock mapping, std::byte* base, std::size_t chunk_bytes,
                std::size_t chunks)
      : client_(client),
        mapping_(mapping),
        base_(base),
        chunk_bytes_(chunk_bytes),
        states_(chunks, Chunk::kEmpty) {}

  PageBlock block_of(std::size_t chunk) const noexcept {
    return {base_ + chunk * chunk_bytes_, chunk_bytes_};
  }
  void answered(const detail::PageOrder& order) noexcept;
  void became_ready(std::size_t chunk) noexcept;

  PageClient& client_;
  const PageBlock mapping_;
  std::byte* const base_;  // the first place in the mapping where a chunk may begin
  const std::size_t chunk_bytes_;
  std::size_t ready_chunks_ = 0;
  std::vector<Chunk> states_;
};

class PageSource {
 public:
  enum class Mode {
    kThread,   ///< a helper thread works ahead
    kInPlace,  ///< no thread: each client does its own work when it needs it (tests, tools, simulation)
  };

  PageSource(std::size_t clients, Mode mode);
  /// Requires: all clients' ranges are gone.
  ~PageSource();
  PageSource(const PageSource&) = delete;
  PageSource& operator=(const PageSource&) = delete;

  PageClient& client(std::size_t core) noexcept { return *clients_[core]; }
  Mode mode() const noexcept { return mode_; }

 private:
  friend class PageClient;

  void ring() noexcept;
  void serve() noexcept;

  const Mode mode_;
  std::vector<std::unique_ptr<PageClient>> clients_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint32_t> bell_{0};
  std::thread helper_;
};

}  // namespace latchkey::runtime
