#include "latchkey/credential/names_in_log.h"

#include <fmt/format.h>
#include <sodium.h>

#include <cstring>

namespace latchkey::credential {

static_assert(std::tuple_size_v<NamesInLog::Key> == crypto_shorthash_KEYBYTES);

void NamesInLog::found(std::string_view name) noexcept {
  const std::uint64_t hash = hash_of(name);
  found_[hash % kRememberedNames] = hash;
}

void NamesInLog::put(LogEvent& event, std::string_view name) const {
  const std::uint64_t hash = hash_of(name);
  const std::string digits = fmt::format("{:08x}", hash >> 32);
  if (found_[hash % kRememberedNames] == hash) {
    event.text("user", name);
  } else {
    event.text("unknown_user", digits);
  }
}

// SipHash-2-4. It is never 0, which marks a place where nothing is remembered.
std::uint64_t NamesInLog::hash_of(std::string_view name) const noexcept {
  std::array<std::uint8_t, crypto_shorthash_BYTES> bytes{};
  crypto_shorthash(bytes.data(), reinterpret_cast<const std::uint8_t*>(name.data()), name.size(),
                   key_.data());
  std::uint64_t hash = 0;
  std::memcpy(&hash, bytes.data(), sizeof hash);
  return hash == 0 ? 1 : hash;
}

}  // namespace latchkey::credential
