// Reads a count from the command line of a measuring program. A pure function.
// Thread: any.
#pragma once

#include <charconv>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace latchkey::bench {

/// True for a whole number above 0 with nothing after it.
inline bool read_count(std::string_view text, std::size_t& count) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() && count > 0;
}

}  // namespace latchkey::bench
