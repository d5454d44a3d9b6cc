// BodyReader: takes the body of one request from a connection's input as it arrives, by either framing (RFC
// 9112 §6). The request owns it.
// Thread: the core's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "http/chunked.h"
#include "http/input.h"
#include "http/refusal.h"
#include "latchkey/base/secret_buffer.h"
#include "latchkey/http/request.h"

namespace latchkey::http {

class BodyReader {
 public:
  enum class Status : std::uint8_t {
    kNeedMore,  ///< all input is taken and the body continues
    kDone,
    kRefused,  ///< answer with `refusal` and close the connection
  };

  /// `max_body_bytes` bounds the data of a chunked body.
  /// Requires: a sized body is within it.
  BodyReader(const RequestHead& head, std::size_t max_body_bytes) noexcept;

  /// Moves the body's bytes that have arrived from the front of `input` to the end of `body`.
  /// Requires: `body` is the same object at each call, and no earlier call returned kDone or kRefused.
  Status take(Input& input, SecretBuffer& body);

  const Refusal& refusal() const noexcept { return refusal_; }

 private:
  Status take_sized(Input& input, SecretBuffer& body) const;
  Status take_chunks(Input& input, SecretBuffer& body);

  const bool is_chunked_;
  const std::size_t length_;  ///< of a sized body
  ChunkedDecoder decoder_;
  Refusal refusal_;
};

}  // namespace latchkey::http
