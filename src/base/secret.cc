#include "latchkey/base/secret.h"

#include <sodium.h>

namespace latchkey {

void wipe(void* data, std::size_t size) noexcept { sodium_memzero(data, size); }

}  // namespace latchkey
