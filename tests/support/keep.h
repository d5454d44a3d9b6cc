// What a test waits for by looking: a task that runs in a nursery, and what it ended with.
#pragma once

#include <optional>
#include <utility>

#include "latchkey/runtime/task.h"

namespace latchkey::test {

/// Puts what `task` ends with into `out`, which outlives it.
template <class T>
runtime::Task<void> keep(runtime::Task<T> task, std::optional<T>& out) {
  T value = co_await task;
  out.emplace(std::move(value));
}

}  // namespace latchkey::test
