// A source of randomness is passed in, never global: the server's is the kernel, a simulation's is a seed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace latchkey {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) noexcept = 0;

  template <std::size_t N>
  std::array<std::uint8_t, N> bytes() noexcept {
    std::array<std::uint8_t, N> out{};
    fill(out);
    return out;
  }
};

/// libsodium's generator.
/// Requires: `sodium_init` has been called.
/// Thread: any.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) noexcept override;
};

}  // namespace latchkey
