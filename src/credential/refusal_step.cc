#include "credential/refusal_step.h"

#include <algorithm>

#include "latchkey/credential/hash_scheme.h"

namespace latchkey::credential {

std::int64_t RefusalStep::step_for(std::int64_t verification_ms) noexcept {
  const std::int64_t grains =
      (2 * std::clamp<std::int64_t>(verification_ms, 0, kMaxMs) + kGrainMs - 1) / kGrainMs;
  return std::clamp(grains * kGrainMs, kMinMs, kMaxMs);
}

void RefusalStep::cover(std::int64_t verification_ms) noexcept {
  const std::int64_t needed_ms = step_for(verification_ms);
  std::int64_t ms = ms_.load(std::memory_order_relaxed);
  while (ms < needed_ms && !ms_.compare_exchange_weak(ms, needed_ms, std::memory_order_relaxed)) continue;
}

bool RefusalStep::covers(std::string_view stored) {
  const Result<std::string_view> kind = hash_kind(stored);
  const std::lock_guard lock(mutex_);
  return kind && std::find(kinds_.begin(), kinds_.end(), *kind) != kinds_.end();
}

Result<std::int64_t> RefusalStep::time_verification(std::string_view stored, const Clock& clock) {
  // The longest, because sha512-crypt and sha256-crypt take longer for it. Nobody has this password.
  const std::string password(kMaxPasswordBytes, 'x');
  const BootTime began = clock.boot();
  LATCHKEY_TRY(verify_password(password, stored));
  return (clock.boot() - began).count();
}

void RefusalStep::cover(std::string_view stored, std::int64_t verification_ms) {
  cover(verification_ms);
  const Result<std::string_view> kind = hash_kind(stored);
  const std::lock_guard lock(mutex_);
  if (kind && kinds_.size() < kMaxKinds) kinds_.emplace_back(*kind);
}

Result<void> RefusalStep::measure(std::string_view stored, const Clock& clock) {
  if (covers(stored)) return {};
  LATCHKEY_TRY(const std::int64_t took_ms, time_verification(stored, clock));
  cover(stored, took_ms);
  return {};
}

}  // namespace latchkey::credential
