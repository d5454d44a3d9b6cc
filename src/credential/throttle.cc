#include "latchkey/credential/throttle.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "latchkey/base/assert.h"

namespace latchkey::credential {

namespace {

constexpr std::int64_t kMicrosecondsPerMillisecond = 1000;

// How often a charge tries to bring a cell whose time is past up to now, before it is just added. A try fails
// only because another thread has just changed the cell. That change brings the cell up to now itself, unless
// it took a charge back.
constexpr int kMostTries = 16;

static_assert(crypto_shorthash_siphashx24_BYTES == FailureMeter::kRows * sizeof(std::uint32_t));
static_assert(crypto_shorthash_siphashx24_KEYBYTES == 16);
static_assert((FailureMeter::kCellsPerRow & (FailureMeter::kCellsPerRow - 1)) == 0);
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

std::int64_t step_us_of(std::size_t failures, std::int64_t window_ms) noexcept {
  LATCHKEY_ASSERT(failures <= FailureMeter::kMaxFailures);
  LATCHKEY_ASSERT(window_ms >= FailureMeter::kMinWindowMs && window_ms <= FailureMeter::kMaxWindowMs);
  return failures == 0 ? 0 : window_ms * kMicrosecondsPerMillisecond / static_cast<std::int64_t>(failures);
}

}  // namespace

FailureMeter::FailureMeter(std::size_t failures, std::int64_t window_ms, Random& random)
    : step_us_(step_us_of(failures, window_ms)),
      tolerance_us_(failures == 0 ? 0 : step_us_ * static_cast<std::int64_t>(failures - 1)),
      cells_(failures == 0 ? 0 : kRows * kCellsPerRow) {
  random.fill(hash_key_.bytes());
}

FailureMeter::Place FailureMeter::place_of(std::span<const std::uint8_t> key) const noexcept {
  std::array<std::uint8_t, crypto_shorthash_siphashx24_BYTES> hash;
  crypto_shorthash_siphashx24(hash.data(), key.data(), key.size(), hash_key_.data());
  Place place;
  std::memcpy(place.data(), hash.data(), hash.size());
  std::uint32_t row_begin = 0;
  for (std::uint32_t& cell : place) {
    cell = row_begin + (cell & (kCellsPerRow - 1));
    row_begin += kCellsPerRow;
  }
  return place;
}

FailureMeter::Place FailureMeter::place_of(std::string_view key) const noexcept {
  return place_of(std::span(reinterpret_cast<const std::uint8_t*>(key.data()), key.size()));
}

std::int64_t FailureMeter::charge(const Place& place, BootTime now) noexcept {
  if (!is_on()) return 0;
  const std::int64_t now_us = now.ms * kMicrosecondsPerMillisecond;
  const std::int64_t most_us = now_us + tolerance_us_;
  std::int64_t least_us = std::numeric_limits<std::int64_t>::max();
  for (const std::uint32_t cell : place)
    least_us = std::min(least_us, cells_[cell].load(std::memory_order_relaxed));
  if (least_us > most_us)
    return (least_us - most_us + kMicrosecondsPerMillisecond - 1) / kMicrosecondsPerMillisecond;
  for (const std::uint32_t cell : place) add(cells_[cell], now_us);
  return 0;
}

void FailureMeter::take_back(const Place& place) noexcept {
  if (!is_on()) return;
  for (const std::uint32_t cell : place) cells_[cell].fetch_sub(step_us_, std::memory_order_relaxed);
}

// Each cell is independent and publishes nothing else, so no order among them is needed.
void FailureMeter::add(std::atomic<std::int64_t>& cell, std::int64_t now_us) const noexcept {
  std::int64_t before = cell.load(std::memory_order_relaxed);
  for (int i = 0; before < now_us && i < kMostTries; ++i) {
    if (cell.compare_exchange_strong(before, now_us + step_us_, std::memory_order_relaxed)) return;
  }
  cell.fetch_add(step_us_, std::memory_order_relaxed);
}

}  // namespace latchkey::credential
