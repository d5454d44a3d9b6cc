#include "http/json_number.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

// A 64-bit integer has no more digits.
constexpr std::size_t kMostIntegerDigits = 20;
// An integer with this few digits always fits.
constexpr std::size_t kFewIntegerDigits = 18;

// Rounding to infinity begins half a step above the greatest double: at 2^1024 - 2^970, of 309 digits.
constexpr std::string_view kTooLarge =
    "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633"
    "028641"
    "66928879109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700698555"
    "713669"
    "59622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";
constexpr std::int64_t kTooLargeDigits = 309;
static_assert(kTooLarge.size() == kTooLargeDigits);

// A short number with this few exponent digits fits: 10^18 times 10^99 does.
constexpr std::size_t kFewExponentDigits = 2;

// An exponent beyond any double, in both directions. The digits of a body cannot make up for it, and adding
// their number cannot overflow.
constexpr std::int64_t kBeyondAny = 1'000'000'000;

std::size_t digits_end(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && is_a(kDigitCharacter, text[at])) ++at;
  return at;
}

bool fits_integer(std::string_view source, std::size_t digits) noexcept {
  if (digits <= kFewIntegerDigits) return true;
  if (digits > kMostIntegerDigits) return false;
  const char* const end = source.data() + source.size();
  std::int64_t negative = 0;
  std::uint64_t positive = 0;
  const auto read = source.front() == '-' ? std::from_chars(source.data(), end, negative)
                                          : std::from_chars(source.data(), end, positive);
  return read.ec == std::errc{};
}

std::int64_t exponent_of(std::string_view digits) noexcept {
  if (digits.empty()) return 0;
  const bool is_negative = digits.front() == '-';
  if (is_negative || digits.front() == '+') digits.remove_prefix(1);
  std::int64_t exponent = 0;
  for (const char digit : digits) exponent = std::min(kBeyondAny, 10 * exponent + (digit - '0'));
  return is_negative ? -exponent : exponent;
}

/// Whether a number fits. One too small is read as 0, as in every parser; one too large would be infinity.
/// `mantissa` is digits with or without a point among them.
bool fits_double(std::string_view mantissa, std::int64_t exponent) noexcept {
  std::size_t first = 0;
  while (first < mantissa.size() && (mantissa[first] == '0' || mantissa[first] == '.')) ++first;
  if (first == mantissa.size()) return true;
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  // The digits before the point once the first that is not 0 leads: 0.00x has -2.
  const auto at_first = static_cast<std::int64_t>(first);
  const auto at_point = static_cast<std::int64_t>(point);
  const std::int64_t digits = at_point - at_first + (at_point < at_first ? 1 : 0) + exponent;
  if (digits != kTooLargeDigits) return digits < kTooLargeDigits;
  std::size_t place = 0;
  for (const char c : mantissa.substr(first)) {
    if (c == '.') continue;
    if (place == kTooLarge.size() || c != kTooLarge[place])
      return place < kTooLarge.size() && c < kTooLarge[place];
    ++place;
  }
  return place < kTooLarge.size();
}

}  // namespace

JsonNumber read_json_number(std::string_view text) noexcept {
  using Status = JsonNumber::Status;
  JsonNumber number;
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  std::size_t at = digits_end(text, first);
  const std::size_t integer_digits = at - first;
  if (integer_digits == 0 || (integer_digits > 1 && text[first] == '0')) return number;
  if (at < text.size() && text[at] == '.') {
    number.is_integer = false;
    const std::size_t fraction = ++at;
    at = digits_end(text, at);
    if (at == fraction) return number;
  }
  const std::size_t mantissa_end = at;
  std::size_t exponent = at;
  std::size_t exponent_digits = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    number.is_integer = false;
    exponent = ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t digits = at;
    at = digits_end(text, at);
    if (at == digits) return number;
    exponent_digits = at - digits;
  }
  number.bytes = at;
  if (at <= kFewIntegerDigits && exponent_digits <= kFewExponentDigits) {
    number.status = Status::kGood;
    return number;
  }
  const bool fits = number.is_integer ? fits_integer(text.substr(0, at), integer_digits)
                                      : fits_double(text.substr(first, mantissa_end - first),
                                                    exponent_of(text.substr(exponent, at - exponent)));
  number.status = fits ? Status::kGood : Status::kOutOfRange;
  return number;
}

}  // namespace latchkey::http
