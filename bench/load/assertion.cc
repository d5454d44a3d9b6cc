#include "load/assertion.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "load/units.h"

namespace latchkey::load {

namespace {

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

constexpr std::array<std::pair<std::string_view, double>, 4> kQuantiles = {
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}}};

tl::unexpected<Error> wrong(std::string_view why) { return failure(ErrorCode::kInvalid, std::string(why)); }

}  // namespace

Result<Assertion> Assertion::parse(std::string_view text) {
  Assertion assertion;
  assertion.text_ = trimmed(text);
  const std::string_view whole = assertion.text_;
  const std::size_t operator_at = whole.find_first_of("<>=");
  Result<void> parsed;
  if (operator_at == std::string_view::npos) {
    parsed = wrong("it has none of < <= > >= =");
  } else {
    const bool has_equal = whole.substr(operator_at + 1).starts_with('=');
    const char first = whole[operator_at];
    if (first == '<') assertion.comparison_ = has_equal ? Comparison::kLessOrEqual : Comparison::kLess;
    if (first == '>') assertion.comparison_ = has_equal ? Comparison::kGreaterOrEqual : Comparison::kGreater;
    if (first == '=') assertion.comparison_ = Comparison::kEqual;
    const std::size_t limit_at = operator_at + (has_equal ? 2 : 1);
    parsed = assertion.parse_quantity(trimmed(whole.substr(0, operator_at)));
    if (parsed) parsed = assertion.parse_limit(trimmed(whole.substr(limit_at)));
  }
  if (parsed) return assertion;
  return failure(ErrorCode::kInvalid,
                 fmt::format("the assertion '{}' cannot be read: {}; write it like p99<2ms, "
                             "login.p99<300ms, rps>50000 or errors=0",
                             text, parsed.error().text));
}

Result<void> Assertion::parse_quantity(std::string_view name) {
  for (std::size_t i = 0; i < kRequestKinds; ++i) {
    const auto kind = static_cast<RequestKind>(i);
    const std::string_view prefix = name_of(kind);
    if (!name.starts_with(prefix) || !name.substr(prefix.size()).starts_with('.')) continue;
    kind_ = kind;
    name.remove_prefix(prefix.size() + 1);
    break;
  }
  for (const auto& [quantile_name, quantile] : kQuantiles) {
    if (name != quantile_name) continue;
    quantity_ = Quantity::kQuantile;
    quantile_ = quantile;
    return {};
  }
  if (name == "max") {
    quantity_ = Quantity::kMax;
  } else if (name == "mean") {
    quantity_ = Quantity::kMean;
  } else if (name == "rps" && !kind_) {
    quantity_ = Quantity::kRate;
  } else if (name == "errors" && !kind_) {
    quantity_ = Quantity::kErrors;
  } else if (name == "rps" || name == "errors") {
    return wrong(fmt::format("{} is counted over all requests, not over one kind", name));
  } else {
    return wrong(fmt::format("'{}' is none of p50, p90, p99, p99.9, max, mean, rps and errors", name));
  }
  return {};
}

Result<void> Assertion::parse_limit(std::string_view limit) {
  if (is_duration()) {
    LATCHKEY_TRY(const std::int64_t ns, parse_duration_ns(limit));
    limit_ = static_cast<double>(ns);
    return {};
  }
  LATCHKEY_TRY(limit_, parse_number(limit));
  return {};
}

std::optional<double> Assertion::measured(const Tally& tally) const {
  if (quantity_ == Quantity::kRate) return tally.answers_per_second();
  if (quantity_ == Quantity::kErrors) return static_cast<double>(tally.errors());
  const Histogram* const latencies = kind_ ? tally.latencies_of(*kind_) : &tally.latencies();
  if (latencies == nullptr || latencies->count() == 0) return std::nullopt;
  if (quantity_ == Quantity::kMax) return static_cast<double>(latencies->max_ns());
  if (quantity_ == Quantity::kMean) return latencies->mean_ns();
  return static_cast<double>(latencies->quantile_ns(quantile_));
}

bool Assertion::holds(double value) const noexcept {
  switch (comparison_) {
    case Comparison::kLess:
      return value < limit_;
    case Comparison::kLessOrEqual:
      return value <= limit_;
    case Comparison::kGreater:
      return value > limit_;
    case Comparison::kGreaterOrEqual:
      return value >= limit_;
    case Comparison::kEqual:
      return value == limit_;
  }
  return false;
}

std::optional<std::string> Assertion::broken_by(const Tally& tally) const {
  const std::optional<double> value = measured(tally);
  if (!value) return fmt::format("asserted {}, but no such request was counted", text_);
  if (holds(*value)) return std::nullopt;
  const std::string seen = is_duration() ? duration_text(*value) : fmt::format("{:.15g}", *value);
  return fmt::format("asserted {}, but measured {}", text_, seen);
}

}  // namespace latchkey::load
