#include "latchkey/base/random.h"

#include <sodium.h>

namespace latchkey {

void SystemRandom::fill(std::span<std::uint8_t> out) noexcept { randombytes_buf(out.data(), out.size()); }

}  // namespace latchkey
