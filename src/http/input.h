// What a connection has received and not yet used. While requests lie whole in one received buffer they are
// read where they are; a request that spans buffers is moved, once, into memory of the connection's own. What
// was used is wiped at once, but for requests that are known to hold no password.
// Owned by the connection.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "latchkey/base/secret_buffer.h"
#include "latchkey/runtime/buffer_ring.h"

namespace latchkey::http {

class Input {
 public:
  /// The bytes that wait, contiguous. Valid until the next call of anything but this.
  std::string_view unread() const noexcept;

  /// The same bytes, for a decoder that works in place.
  std::span<char> unread_in_place() noexcept;

  /// Marks the first `bytes` of unread() as used, and wipes them; the buffer goes back once nothing of it is
  /// left.
  void consume(std::size_t bytes) noexcept;

  /// The same for bytes without a secret: in a received buffer they stay as they are.
  void consume_unwiped(std::size_t bytes) noexcept;

  /// Marks all as used: nobody will read on.
  void discard() noexcept { consume(unread().size()); }

  /// Adds what was received. Moves what was unread before, if anything was.
  void add(runtime::Chunk chunk);

  /// Gives the buffer back now: what is unread moves into own memory. For a connection that is about to wait.
  void detach();

 private:
  runtime::Chunk chunk_;
  SecretBuffer own_;  // in use where chunk_ is empty
  std::size_t used_ = 0;
};

}  // namespace latchkey::http
