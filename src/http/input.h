// What a connection has received and not used yet. Requests that lie whole in one received buffer are read
// there. A request that spans buffers is moved once, into memory of the connection's own. Used bytes are
// wiped at once, except those of requests known to hold no password.
// Thread: its connection's.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "latchkey/base/secret_buffer.h"
#include "latchkey/runtime/buffer_ring.h"

namespace latchkey::http {

class Input {
 public:
  /// The waiting bytes, contiguous.
  /// Lifetime: valid until a call of anything but this.
  std::string_view unread() const noexcept;

  /// The same bytes, for a decoder that works in place.
  std::span<char> unread_in_place() noexcept;

  /// Marks the first `bytes` of unread() as used, and wipes them. The buffer goes back once all of it is
  /// used.
  void consume(std::size_t bytes) noexcept;

  /// The same for bytes without a secret: in a received buffer they are not wiped.
  void consume_unwiped(std::size_t bytes) noexcept;

  /// Marks everything as used: nobody will read on.
  void discard() noexcept { consume(unread().size()); }

  /// Adds what was received. If anything was unread, moves it.
  void add(runtime::Chunk chunk);

  /// Gives the buffer back now and moves what is unread to own memory. For a connection that is about to
  /// wait.
  void detach();

 private:
  runtime::Chunk chunk_;
  SecretBuffer own_;  // in use if chunk_ is empty
  std::size_t used_ = 0;
};

}  // namespace latchkey::http
