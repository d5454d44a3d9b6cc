// Removes the chunked coding from a body as it arrives (RFC 9112 §7.1), in place and without allocating. The
// connection owns the decoder and reuses it, for one body at a time.
// Thread: one core's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "http/refusal.h"

namespace latchkey::http {

struct ChunkedLimits {
  std::uint64_t max_body_bytes = 65536;    ///< Data of all chunks together; more than this is 413.
  std::size_t max_extension_bytes = 4096;  ///< Chunk extensions of the whole body; more than this is 400.
  std::size_t max_trailer_bytes = 4096;    ///< The trailer section; more than this is 431.
};

class ChunkedDecoder {
 public:
  struct Progress {
    enum class Status : std::uint8_t {
      kNeedMore,  ///< all input is consumed and the body continues
      kDone,
      kRefused,  ///< answer with `refusal` and close the connection
    };
    Status status = Status::kNeedMore;
    std::size_t consumed =
        0;  ///< Input bytes that belong to this body; the next request follows them, untouched.
    std::size_t data_bytes = 0;  ///< Decoded bytes, which are now at the front of the input.
    Refusal refusal;
  };

  explicit ChunkedDecoder(const ChunkedLimits& limits) noexcept : limits_(limits) {}

  /// Decodes the next bytes of the body and moves the data among them to the front of `bytes`. The bytes
  /// between the data and `consumed` are leftovers. Chunk extensions and trailer fields are validated and
  /// dropped.
  /// Requires: a reset since the last kDone or kRefused.
  Progress decode(std::span<char> bytes) noexcept;

  /// Prepares for another body under the same limits.
  void reset() noexcept { *this = ChunkedDecoder(limits_); }

 private:
  enum class State : std::uint8_t {
    kSizeFirst,
    kSize,
    kExtensionGap,  ///< blanks that only another extension may follow
    kExtensionNameFirst,
    kExtensionName,
    kExtensionNameGap,
    kExtensionValueFirst,
    kExtensionToken,
    kExtensionQuoted,
    kExtensionQuotedPair,
    kExtensionQuotedEnd,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerFirst,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kFinalLf,
    kDone,
    kRefused,
  };

  void refuse(int http_status, const char* reason) noexcept;
  void step(char c) noexcept;
  void step_size(char c) noexcept;
  void step_extension(char c) noexcept;
  bool ends_extension(char c) noexcept;
  void step_trailer(char c) noexcept;
  void expect(char c, char wanted, State next) noexcept;
  void add_digit(char c) noexcept;
  void begin_chunk() noexcept;

  ChunkedLimits limits_;
  State state_ = State::kSizeFirst;
  std::uint8_t digits_ = 0;       ///< Of the size being read.
  std::uint64_t chunk_left_ = 0;  ///< The size read so far, then the data still to come.
  std::uint64_t body_bytes_ = 0;  ///< Of all chunks whose size is known.
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  Refusal refusal_;
};

}  // namespace latchkey::http
