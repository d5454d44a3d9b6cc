// Ends a measuring program that cannot measure, and says what failed.
// Thread: any.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "latchkey/base/result.h"

namespace latchkey::bench {

/// Says what failed and ends the program, because nothing can be measured.
[[noreturn]] inline void give_up(const Error& error) {
  std::fprintf(stderr, "bench: %s\n", error.text.c_str());
  std::exit(1);
}

template <class T>
T value_or_exit(Result<T> result) {
  if (!result) give_up(result.error());
  return std::move(*result);
}

}  // namespace latchkey::bench
