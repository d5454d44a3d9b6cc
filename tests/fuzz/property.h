// How a fuzz target says that a property does not hold: by a line and an abort, which the fuzzer takes for a
// crash and keeps the input of. Any thread.
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

/// What the fuzzer made, as text. The bytes end where their memory ends, so that AddressSanitizer sees a load
/// that reaches further.
inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Cuts off and returns what stands before the next `end`; all of it where there is none.
inline std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

/// Whether `part` lies within the memory of `whole`. The empty view lies everywhere.
inline bool lies_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace latchkey::fuzz

/// The fuzzer's entry. Gives 0 always: an input that is of no interest is one like any other.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
