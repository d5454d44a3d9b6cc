#include "latchkey/http/access_ring.h"

#include <charconv>
#include <system_error>
#include <utility>

namespace latchkey::http {

namespace {

constexpr std::string_view kErrors = "errors";
constexpr std::string_view kSampled = "sampled:";
constexpr int kLeastError = 400;
constexpr std::int64_t kSecondMs = 1000;

}  // namespace

std::optional<AccessRules> AccessRules::parse(std::string_view text) noexcept {
  if (text == kAllAccessLines) return AccessRules{};
  if (text == kErrors) return AccessRules{Lines::kErrors, 1};
  if (!text.starts_with(kSampled)) return std::nullopt;
  AccessRules rules{Lines::kSampled, 0};
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data() + kSampled.size(), end, rules.every);
  if (error != std::errc{} || after != end || rules.every < 2 || rules.every > kMaxEvery) return std::nullopt;
  return rules;
}

bool AccessRing::is_wanted(int status, BootTime now) noexcept {
  sample_ = 1;
  if (rules_.lines == AccessRules::Lines::kAll) return true;
  if (status < kLeastError) {
    if (rules_.lines == AccessRules::Lines::kErrors || ++passed_over_ < rules_.every) return false;
    passed_over_ = 0;
    sample_ = rules_.every;
    return true;
  }
  if (now.ms - errors_since_ms_ >= kSecondMs) {
    errors_since_ms_ = now.ms;
    errors_left_ = kErrorsPerSecond;
  }
  if (errors_left_ == 0) {
    ++left_out_;
    return false;
  }
  --errors_left_;
  return true;
}

AccessRecord* AccessRing::next(int status, BootTime now) noexcept {
  if (!is_wanted(status, now)) return nullptr;
  const std::uint64_t filled = filled_.load(std::memory_order_relaxed);
  if (filled - emptied_seen_ == kRecords) {
    emptied_seen_ = emptied_.load(std::memory_order_acquire);
    if (filled - emptied_seen_ == kRecords) {
      dropped_.add();
      return nullptr;
    }
  }
  AccessRecord& record = (*records_)[filled % kRecords];
  record.sample = sample_;
  record.more = status < kLeastError ? 0 : std::exchange(left_out_, 0);
  return &record;
}

const AccessRecord* AccessRing::front() noexcept {
  const std::uint64_t emptied = emptied_.load(std::memory_order_relaxed);
  if (emptied == filled_seen_) filled_seen_ = filled_.load(std::memory_order_acquire);
  return emptied == filled_seen_ ? nullptr : &(*records_)[emptied % kRecords];
}

}  // namespace latchkey::http
