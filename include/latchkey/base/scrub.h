// Overwrites what a library that handled a secret leaves on the stack: blocks that it copied there, and
// spilled registers. Call it one level above the function that called the library, once that function has
// returned: the stack that it used is then the stack below the caller.
// Requires: the thread's stack has the room.
// Thread: any.
#pragma once

#include <array>
#include <cstddef>

#include "latchkey/base/secret.h"

namespace latchkey {

/// Deeper than the parsers of bodies and credentials go.
inline constexpr std::size_t kParserStackBytes = std::size_t{16} << 10;
/// Deeper than any hash goes: libxcrypt's room alone is 32 KiB.
inline constexpr std::size_t kHashStackBytes = std::size_t{96} << 10;

/// Overwrites this many bytes of the stack, starting at the caller's frame.
template <std::size_t kBytes>
[[gnu::noinline]] void scrub_stack() noexcept {
  std::array<unsigned char, kBytes> room;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  wipe(room.data(), room.size());
}

}  // namespace latchkey
