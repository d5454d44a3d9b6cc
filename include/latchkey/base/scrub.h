// What a library that was given a secret leaves on the stack it ran on: blocks that it copied to there,
// registers that it spilled. To be called by its caller's caller, once it is back, so that what it had is
// what is free now. Any thread; its stack has the room.
#pragma once

#include <array>
#include <cstddef>

#include "latchkey/base/secret.h"

namespace latchkey {

/// Deeper than the parsers of bodies and credentials go.
inline constexpr std::size_t kParserStackBytes = std::size_t{16} << 10;
/// Deeper than any hash goes: libxcrypt's room alone is 32 KiB.
inline constexpr std::size_t kHashStackBytes = std::size_t{96} << 10;

/// Overwrites so many bytes of the stack from the caller's frame on.
template <std::size_t kBytes>
[[gnu::noinline]] void scrub_stack() noexcept {
  std::array<unsigned char, kBytes> room;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  wipe(room.data(), room.size());
}

}  // namespace latchkey
