// The same numbers in every run, so that repeated measurements do the same work.
#pragma once

#include <cstdint>
#include <random>
#include <span>

#include "latchkey/base/random.h"

namespace latchkey::bench {

class SeededRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) noexcept override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937_64 engine_{1};
};

}  // namespace latchkey::bench
