// Dice: all the randomness of a simulation, from one seed. The same seed gives the same numbers on every
// machine. Each world has one object, and a SeededRandom for the random bytes that the server itself asks
// for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "latchkey/base/random.h"

namespace latchkey::sim {

/// xorshift64* over a seed that SplitMix64 has mixed, so that neighbouring seeds give unrelated numbers.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) noexcept {
    seed += 0x9E37'79B9'7F4A'7C15;
    seed = (seed ^ (seed >> 30)) * 0xBF58'476D'1CE4'E5B9;
    seed = (seed ^ (seed >> 27)) * 0x94D0'49BB'1331'11EB;
    state_ = seed ^ (seed >> 31);
    if (state_ == 0) state_ = 1;
  }

  std::uint64_t next() noexcept {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545'F491'4F6C'DD1D;
  }

  /// Returns 0 to `bound` - 1. Requires: `bound` is at least 1.
  std::uint64_t below(std::uint64_t bound) noexcept { return (next() >> 11) % bound; }
  std::int64_t between(std::int64_t least, std::int64_t most) noexcept {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
  }
  /// True with a chance of one in `times`.
  bool once_in(std::uint64_t times) noexcept { return below(times) == 0; }

  template <class T, std::size_t N>
  T one_of(const std::array<T, N>& values) noexcept {
    return values[below(N)];
  }

 private:
  std::uint64_t state_;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept : dice_(seed) {}
  void fill(std::span<std::uint8_t> out) noexcept override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(dice_.next() >> 32);
  }

 private:
  Dice dice_;
};

}  // namespace latchkey::sim
