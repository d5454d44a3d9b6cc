// JsonWriter writes one compact JSON document (RFC 8259) from front to back and places the commas.
// Thread: one.
//
//   JsonWriter json;
//   json.begin_object();
//   json.member("name", user.name);
//   json.begin_array("tokens");
//   for (const Token& token : tokens) json.element(token.text);
//   json.end();
//   json.end();
//   return json.take();
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/json_text.h"

namespace latchkey {

class JsonWriter {
 public:
  /// The deepest nesting of objects and arrays.
  static constexpr std::size_t kMaxDepth = 64;

  /// Without a name: the document itself, or an element of the open array. With one: a member of the open
  /// object.
  void begin_object() { begin_value(), open('{', false); }
  void begin_object(std::string_view name) { begin_member(name), open('{', false); }
  void begin_array() { begin_value(), open('[', true); }
  void begin_array(std::string_view name) { begin_member(name), open('[', true); }
  /// Ends the object or array that was begun last.
  /// Requires: one is open.
  void end() {
    LATCHKEY_ASSERT(depth_ > 0);
    out_ += is_array() ? ']' : '}';
    --depth_;
  }

  /// Adds a member to the open object. The value is text, a whole number, a bool or nullptr.
  /// Requires: an object is open.
  template <class T>
  void member(std::string_view name, const T& value) {
    begin_member(name);
    append(value);
  }
  /// Adds an element to the open array.
  /// Requires: an array is open.
  template <class T>
  void element(const T& value) {
    begin_value();
    append(value);
  }

  /// The same, for a value that is already a JSON document.
  void raw_member(std::string_view name, std::string_view json) { begin_member(name), out_ += json; }
  void raw_element(std::string_view json) { begin_value(), out_ += json; }

  /// Returns the document.
  /// Requires: everything that was begun has ended.
  std::string take() {
    LATCHKEY_ASSERT(depth_ == 0 && !out_.empty());
    return std::move(out_);
  }

 private:
  bool is_array() const noexcept { return (arrays_ >> (depth_ - 1) & 1) != 0; }

  void open(char bracket, bool is_array) {
    LATCHKEY_ASSERT(depth_ < kMaxDepth);
    const std::uint64_t bit = std::uint64_t{1} << depth_++;
    arrays_ = is_array ? arrays_ | bit : arrays_ & ~bit;
    out_ += bracket;
  }
  void begin_value() {
    LATCHKEY_ASSERT(depth_ == 0 ? out_.empty() : is_array());
    separate();
  }
  void begin_member(std::string_view name) {
    LATCHKEY_ASSERT(depth_ > 0 && !is_array());
    separate();
    append_json_string(out_, name);
    out_ += ':';
  }
  /// No value ends in an opening bracket, so after one comes its first member or element.
  void separate() {
    if (!out_.empty() && out_.back() != '{' && out_.back() != '[') out_ += ',';
  }

  void append(std::string_view text) { append_json_string(out_, text); }
  void append(std::nullptr_t) { out_ += "null"; }
  void append(std::same_as<bool> auto value) { out_ += value ? "true" : "false"; }
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  void append(T value) {
    fmt::format_to(std::back_inserter(out_), "{}", value);
  }

  std::string out_;
  std::uint64_t arrays_ = 0;  ///< one bit per level: whether it is an array
  std::size_t depth_ = 0;
};

}  // namespace latchkey
