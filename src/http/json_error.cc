#include "http/json_error.h"

#include <array>
#include <bitset>
#include <cstdint>

#include "http/json_number.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

constexpr CharacterTable kEscapes = table_of("\"\\/bfnrt");
constexpr CharacterTable kSpaces = table_of(" \t\r\n");

/// Walks a document once, without recursion: one bit per level says what encloses the current place.
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
    while (at_ < text_.size() && kSpaces[static_cast<unsigned char>(text_[at_])]) ++at_;
  }
  bool in_list() const noexcept { return depth_ > 0 && !is_object_[depth_ - 1]; }
  bool in_object() const noexcept { return depth_ > 0 && is_object_[depth_ - 1]; }

  /// Each iteration reads one value or opens a container, then closes the containers that end after it.
  bool document() noexcept {
    while (true) {
      if (in_list()) skip_short_numbers();
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

  /// Skips list values that are a short number and a comma. A body can hold more of these than of anything
  /// else.
  void skip_short_numbers() noexcept {
    while (true) {
      skip_space();
      const std::size_t bytes = short_json_number(text_.substr(at_)).bytes;
      if (bytes == 0) return;
      std::size_t end = at_ + bytes;
      while (end < text_.size() && kSpaces[static_cast<unsigned char>(text_[end])]) ++end;
      if (end == text_.size() || text_[end] != ',') return;
      at_ = end + 1;
    }
  }

  bool value(bool& opened) noexcept {
    const char first = peek();
    if (is_a(kDigitCharacter, first)) return number();
    if (first == '{' || first == '[') return open(opened);
    if (first == '"') return string();
    if (first == '-') return number();
    if (first == 't') return literal("true");
    if (first == 'f') return literal("false");
    if (first == 'n') return literal("null");
    return unexpected("expected a value");
  }

  /// Reads an opening bracket and, in an object, its first key. Closes an empty container at once, as a
  /// complete value.
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

  /// Closes containers until one continues with a comma or none is left.
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

  bool ends_scalar() const noexcept { return ends_json_scalar(text_.substr(at_)); }

  bool number() noexcept {
    const std::size_t start = at_;
    if (const std::size_t bytes = short_json_number(text_.substr(start)).bytes; bytes > 0) {
      at_ += bytes;
      return true;
    }
    const JsonNumber number = read_json_number(text_.substr(start));
    if (number.status == JsonNumber::Status::kMalformed) return fail(start, "malformed number");
    at_ += number.bytes;
    if (!ends_scalar()) return fail(start, "malformed number");
    return number.status == JsonNumber::Status::kGood || fail(start, "number out of range");
  }

  /// ASCII that is written as it is within a string.
  static bool is_plain(char c) noexcept { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

  bool string() noexcept {
    ++at_;
    while (true) {
      while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
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
    const std::size_t start = at_++;
    if (!take('u')) {
      if (at_ == text_.size() || !kEscapes[static_cast<unsigned char>(text_[at_])]) {
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
  std::bitset<kMaxJsonDepth> is_object_;  ///< Of each container around the current place, outermost first.
  JsonError error_;
};

}  // namespace

std::optional<JsonError> json_error_position(std::string_view document) noexcept {
  return JsonScan(document).run();
}

}  // namespace latchkey::http
