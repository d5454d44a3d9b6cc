// The numbers of JSON, by their text alone: whether one is well formed, and whether a parser can hold it
// (C-17). In one pass over its digits: to convert what has hundreds of them takes a thousand times as long.
// Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace latchkey::http {

struct JsonNumber {
  enum class Status : std::uint8_t {
    kGood,
    kMalformed,   ///< `bytes` does not count
    kOutOfRange,  ///< as an integer not of 64 bits, else beyond a double's range
  };
  Status status = Status::kMalformed;
  std::size_t bytes = 0;
  bool is_integer = true;  ///< without fraction and exponent
};

/// The number at the front of `text`, which begins with '-' or a digit. What stands behind it is not looked
/// at.
JsonNumber read_json_number(std::string_view text) noexcept;

/// Whether a scalar may end in front of `rest`: at the end, at white space or at a structural character.
bool ends_json_scalar(std::string_view rest) noexcept;

}  // namespace latchkey::http
