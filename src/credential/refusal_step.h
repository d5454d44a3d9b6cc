// RefusalStep: the step of time at whose end refused logins are answered (C-14). The HashPool has one; it
// grows and never shrinks.
// Thread: any thread reads `ms`. The rest takes a lock: the main thread at start, then the hash workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"

namespace latchkey::credential {

class RefusalStep {
 public:
  static constexpr std::int64_t kMinMs = 20;
  /// Steps are whole multiples of this, so that they reveal little about the machine.
  static constexpr std::int64_t kGrainMs = 10;
  /// No step is longer than this, however slow the machine was when it was measured.
  static constexpr std::int64_t kMaxMs = 60'000;
  /// The most kinds (hash_kind) that are remembered as measured. Hashes of further kinds are measured one by
  /// one.
  static constexpr std::size_t kMaxKinds = 64;

  std::int64_t ms() const noexcept { return ms_.load(std::memory_order_relaxed); }

  /// The step that covers a verification of this duration.
  static std::int64_t step_for(std::int64_t verification_ms) noexcept;

  /// Makes the step at least twice the duration of a verification, so that one that had to wait falls into a
  /// later step whatever was wrong.
  void cover(std::int64_t verification_ms) noexcept;

  /// Covers the verification of hashes of this kind by timing one, unless the kind was measured before. On a
  /// busy machine the step becomes longer than it need be.
  /// Errors: as verify_password.
  Result<void> measure(std::string_view stored, const Clock& clock);

  /// The parts of `measure`. True if that kind was measured before.
  bool covers(std::string_view stored);
  /// How long verifying the longest password against `stored` takes, in ms.
  /// Thread: any.
  static Result<std::int64_t> time_verification(std::string_view stored, const Clock& clock);
  void cover(std::string_view stored, std::int64_t verification_ms);

 private:
  std::atomic<std::int64_t> ms_{kMinMs};
  std::mutex mutex_;
  std::vector<std::string> kinds_;  ///< those measured
};

}  // namespace latchkey::credential
