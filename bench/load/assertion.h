// Assertion: what a user's CI requires of a run, `p99<2ms` or `login.p99<=300ms`, and whether it holds.
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
  /// Parses `[KIND.]QUANTITY OP LIMIT`, with or without white space. KIND is check, login, deletion, connect
  /// or request. QUANTITY is p50, p90, p99, p99.9, max or mean (LIMIT is a duration with its unit), or rps or
  /// errors (LIMIT is a number, and KIND is not allowed). OP is one of < <= > >= = ==.
  /// Errors: kInvalid says what is wrong.
  static Result<Assertion> parse(std::string_view text);

  /// Nothing if it holds, else a sentence that says what was measured.
  std::optional<std::string> broken_by(const Tally& tally) const;

  const std::string& text() const noexcept { return text_; }

 private:
  enum class Quantity : std::uint8_t { kQuantile, kMax, kMean, kRate, kErrors };
  enum class Comparison : std::uint8_t { kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kEqual };

  Assertion() = default;
  Result<void> parse_quantity(std::string_view name);
  Result<void> parse_limit(std::string_view limit);
  bool is_duration() const noexcept { return quantity_ != Quantity::kRate && quantity_ != Quantity::kErrors; }
  /// Nothing if the run has nothing to measure it by.
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
