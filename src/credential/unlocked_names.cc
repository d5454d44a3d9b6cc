#include "credential/unlocked_names.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace latchkey::credential {

namespace {

static_assert((UnlockedNames::kBuckets & (UnlockedNames::kBuckets - 1)) == 0);
static_assert(crypto_shorthash_siphash24_BYTES == sizeof(std::uint64_t));
static_assert(crypto_shorthash_siphash24_KEYBYTES == 16);

}  // namespace

UnlockedNames::UnlockedNames(Random& random) : slots_(kBuckets * kSlotsPerBucket) {
  random.fill(hash_key_.bytes());
}

std::uint64_t UnlockedNames::hash_of(std::string_view name) const noexcept {
  std::uint64_t hash = 0;
  crypto_shorthash_siphash24(reinterpret_cast<unsigned char*>(&hash),
                             reinterpret_cast<const unsigned char*>(name.data()), name.size(),
                             hash_key_.data());
  return hash;
}

bool UnlockedNames::unlock(std::string_view name, std::int64_t window_ms, BootTime now) noexcept {
  const std::uint64_t hash = hash_of(name);
  Slot* const bucket = &slots_[(hash & (kBuckets - 1)) * kSlotsPerBucket];
  Slot* taken = nullptr;
  for (Slot* slot = bucket; slot != bucket + kSlotsPerBucket; ++slot) {
    const bool is_free = slot->until_ms.load(std::memory_order_relaxed) <= now.ms;
    if (slot->name.load(std::memory_order_relaxed) == hash) {
      taken = slot;
      break;
    }
    if (is_free && taken == nullptr) taken = slot;
  }
  if (taken == nullptr) return false;
  // Later than before, so that a name unlocked twice in the same millisecond gets two marks.
  const std::int64_t until_ms =
      std::max(now.ms + window_ms, taken->until_ms.load(std::memory_order_relaxed) + 1);
  // The name is stored before its time, so that a reader that sees the time also sees its name.
  taken->name.store(hash, std::memory_order_relaxed);
  taken->until_ms.store(until_ms, std::memory_order_release);
  const std::int64_t last_ms = last_until_ms_.load(std::memory_order_relaxed);
  last_until_ms_.store(std::max(last_ms, until_ms), std::memory_order_release);
  return true;
}

std::int64_t UnlockedNames::mark_of(std::string_view name, BootTime now) const noexcept {
  if (last_until_ms_.load(std::memory_order_acquire) <= now.ms) return 0;
  const std::uint64_t hash = hash_of(name);
  const Slot* const bucket = &slots_[(hash & (kBuckets - 1)) * kSlotsPerBucket];
  for (const Slot* slot = bucket; slot != bucket + kSlotsPerBucket; ++slot) {
    const std::int64_t until_ms = slot->until_ms.load(std::memory_order_acquire);
    if (until_ms > now.ms && slot->name.load(std::memory_order_relaxed) == hash) return until_ms;
  }
  return 0;
}

}  // namespace latchkey::credential
