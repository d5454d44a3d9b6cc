#include "latchkey/http/json_error.h"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "latchkey/base/utf8.h"
#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

/// Walks a document once, without recursion: what encloses the place is one bit a level.
class JsonScan {
 public:
  explicit JsonScan(std::string_view text) noexcept : text_(text) {}

  std::optional<JsonError> run() noexcept {
    if (text_.starts_with("\xef\xbb\xbf")) return JsonError{0, "unexpected byte order mark"};
    if (document()) return std::nullopt;
    return error_;
  }

 private:
  bool fail(std::size_t byte, const char* what) noexcept {
    error_ = {byte, what};
    return false;
  }
  bool unexpected(const char* what) noexcept {
    return at_ == text_.size() ? fail(at_, "unexpected end") : fail(at_, what);
  }
  char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char wanted) noexcept {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void skip_space() noexcept {
    while (at_ < text_.size() && (is_blank(text_[at_]) || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }
  bool in_object() const noexcept { return depth_ > 0 && is_object_[depth_ - 1]; }

  /// Each turn reads one value, or opens a container, and then closes what ends behind it.
  bool document() noexcept {
    while (true) {
      skip_space();
      bool opened = false;
      if (!value(opened)) return false;
      if (opened) continue;
      if (!after_value()) return false;
      if (depth_ == 0) break;
    }
    skip_space();
    return at_ == text_.size() || fail(at_, "unexpected text behind the document");
  }

  bool value(bool& opened) noexcept {
    const char first = peek();
    if (first == '{' || first == '[') return open(opened);
    if (first == '"') return string();
    if (first == '-' || is_a(kDigitCharacter, first)) return number();
    if (first == 't') return literal("true");
    if (first == 'f') return literal("false");
    if (first == 'n') return literal("null");
    return unexpected("expected a value");
  }

  /// Reads an opening bracket and, in an object, its first key. An empty container is closed at once: a value
  /// is over.
  bool open(bool& opened) noexcept {
    if (depth_ == kMaxJsonDepth) return fail(at_, "nesting deeper than 64");
    const bool is_object = text_[at_++] == '{';
    is_object_[depth_++] = is_object;
    skip_space();
    if (take(is_object ? '}' : ']')) {
      --depth_;
      return true;
    }
    opened = true;
    return !is_object || key();
  }

  bool key() noexcept {
    skip_space();
    if (peek() != '"') return unexpected("expected a key in double quotes");
    if (!string()) return false;
    skip_space();
    return take(':') || unexpected("expected ':'");
  }

  /// Closes containers until one goes on with a comma or none is left.
  bool after_value() noexcept {
    while (depth_ > 0) {
      skip_space();
      if (take(',')) return !in_object() || key();
      if (!take(in_object() ? '}' : ']'))
        return unexpected(in_object() ? "expected ',' or '}'" : "expected ',' or ']'");
      --depth_;
    }
    return true;
  }

  bool literal(std::string_view word) noexcept {
    const std::size_t start = at_;
    if (text_.substr(at_, word.size()) != word) return fail(start, "expected true, false or null");
    at_ += word.size();
    return ends_scalar() || fail(start, "expected true, false or null");
  }

  bool ends_scalar() const noexcept {
    constexpr std::string_view kBehindScalar = " \t\r\n,:]}[{\"";
    return at_ == text_.size() || kBehindScalar.find(text_[at_]) != std::string_view::npos;
  }

  bool digits() noexcept {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_a(kDigitCharacter, text_[at_])) ++at_;
    return at_ > start;
  }

  bool number() noexcept {
    const std::size_t start = at_;
    bool is_integer = true;
    take('-');
    const bool leading_zero = peek() == '0';
    const std::size_t first_digit = at_;
    if (!digits() || (leading_zero && at_ - first_digit > 1)) return fail(start, "malformed number");
    if (take('.')) {
      is_integer = false;
      if (!digits()) return fail(start, "malformed number");
    }
    if (take('e') || take('E')) {
      is_integer = false;
      if (!take('+')) take('-');
      if (!digits()) return fail(start, "malformed number");
    }
    if (!ends_scalar()) return fail(start, "malformed number");
    const std::string_view source = text_.substr(start, at_ - start);
    return (is_integer ? fits_integer(source) : fits_double(source)) || fail(start, "number out of range");
  }

  static bool fits_integer(std::string_view source) noexcept {
    const char* const end = source.data() + source.size();
    std::int64_t negative = 0;
    std::uint64_t positive = 0;
    const auto read = source.front() == '-' ? std::from_chars(source.data(), end, negative)
                                            : std::from_chars(source.data(), end, positive);
    return read.ec == std::errc{};
  }

  /// A number too small is read as 0, as every parser does; one too large would be infinity.
  static bool fits_double(std::string_view source) noexcept {
    double value = 0;
    const auto read = std::from_chars(source.data(), source.data() + source.size(), value);
    return read.ec == std::errc{} || decimal_magnitude(source) < 0;
  }

  /// About the power of ten of a number that is not zero: its sign tells an overflow from an underflow.
  static std::int64_t decimal_magnitude(std::string_view source) noexcept {
    constexpr std::int64_t kBeyondAny = 1'000'000'000;
    const std::size_t mark = source.find_first_of("eE");
    const std::string_view mantissa = source.substr(0, mark);
    std::int64_t exponent = 0;
    if (mark != std::string_view::npos) {
      std::string_view digits = source.substr(mark + 1);
      if (digits.front() == '+') digits.remove_prefix(1);
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
      if (read.ec != std::errc{}) exponent = digits.front() == '-' ? -kBeyondAny : kBeyondAny;
      // Beyond any number both ways: the digits of a body cannot make up for it, nor their sum overflow.
      exponent = std::clamp(exponent, -kBeyondAny, kBeyondAny);
    }
    const std::size_t first = mantissa.find_first_of("123456789");
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    if (first == std::string_view::npos) return -kBeyondAny;
    return static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) + exponent;
  }

  bool string() noexcept {
    ++at_;
    while (true) {
      if (at_ == text_.size()) return fail(at_, "unexpected end within a string");
      const auto byte = static_cast<std::uint8_t>(text_[at_]);
      if (byte == '"') {
        ++at_;
        return true;
      }
      if (byte < 0x20) return fail(at_, "control character within a string");
      if (byte == '\\' ? !escape() : !character()) return false;
    }
  }

  bool character() noexcept {
    const std::size_t bytes = first_utf8_character(text_.substr(at_)).bytes;
    if (bytes == 0) return fail(at_, "invalid UTF-8");
    at_ += bytes;
    return true;
  }

  bool escape() noexcept {
    constexpr std::string_view kOneLetterEscapes = "\"\\/bfnrt";
    const std::size_t start = at_++;
    if (!take('u')) {
      if (at_ == text_.size() || kOneLetterEscapes.find(text_[at_]) == std::string_view::npos) {
        return fail(start, "invalid escape");
      }
      ++at_;
      return true;
    }
    std::uint32_t unit = 0;
    if (!hex_unit(unit)) return fail(start, "invalid escape");
    if (!is_surrogate(unit)) return true;
    std::uint32_t low = 0;
    const bool is_pair = unit < kFirstLowSurrogate && take('\\') && take('u') && hex_unit(low) &&
                         is_surrogate(low) && low >= kFirstLowSurrogate;
    return is_pair || fail(start, "lone surrogate");
  }

  static constexpr std::uint32_t kFirstLowSurrogate = 0xdc00;
  static bool is_surrogate(std::uint32_t unit) noexcept { return unit >= 0xd800 && unit <= 0xdfff; }

  bool hex_unit(std::uint32_t& unit) noexcept {
    for (int i = 0; i < 4; ++i) {
      const int digit = hex_digit_value(peek());
      if (digit < 0) return false;
      unit = unit * 16 + static_cast<std::uint32_t>(digit);
      ++at_;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::bitset<kMaxJsonDepth> is_object_;  ///< Of each container around the place, outermost first.
  JsonError error_;
};

}  // namespace

std::optional<JsonError> json_error_position(std::string_view document) noexcept {
  return JsonScan(document).run();
}

}  // namespace latchkey::http
