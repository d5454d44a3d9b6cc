// How a fuzz target reports that a property does not hold: by a line and an abort. The fuzzer takes that for
// a crash and keeps the input. Thread: any.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace latchkey::fuzz {

inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n", property);
  std::abort();
}

/// The fuzzer's input as text. The bytes end where their memory ends, so that AddressSanitizer notices a load
/// beyond them.
inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Cuts off and returns what comes before the next `end`, or all of it if there is none.
inline std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

/// Whether `part` lies within the memory of `whole`. An empty view lies everywhere.
inline bool lies_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace latchkey::fuzz

/// The fuzzer's entry. It always returns 0: an input of no interest is one like any other.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
