// Assertion: what a user's CI asks of a run, `p99<2ms` or `login.p99<=300ms`, and whether it holds. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "load/tally.h"

namespace latchkey::load {

class Assertion {
 public:
  /// `[KIND.]QUANTITY OP LIMIT`, with white space or without: KIND is check, login, deletion, connect or
  /// request; QUANTITY p50, p90, p99, p99.9, max or mean (LIMIT a duration with its unit), rps or errors
  /// (LIMIT a number; not of a kind); OP one of < <= > >= = ==. Error kInvalid says what is wrong.
  static Result<Assertion> parse(std::string_view text);

  /// Nothing where it holds, or a sentence that says what was measured instead.
  std::optional<std::string> broken_by(const Tally& tally) const;

  const std::string& text() const noexcept { return text_; }

 private:
  enum class Quantity : std::uint8_t { kQuantile, kMax, kMean, kRate, kErrors };
  enum class Comparison : std::uint8_t { kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kEqual };

  Assertion() = default;
  Result<void> parse_quantity(std::string_view name);
  Result<void> parse_limit(std::string_view limit);
  bool is_duration() const noexcept { return quantity_ != Quantity::kRate && quantity_ != Quantity::kErrors; }
  /// Nothing where there is nothing to measure it by.
  std::optional<double> measured(const Tally& tally) const;
  bool holds(double value) const noexcept;

  std::string text_;
  Quantity quantity_ = Quantity::kMax;
  double quantile_ = 0;
  std::optional<RequestKind> kind_;
  Comparison comparison_ = Comparison::kLess;
  double limit_ = 0;
};

}  // namespace latchkey::load
