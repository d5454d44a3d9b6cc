// Keeps the result of a task that runs in a nursery, for a test that polls for it.
#pragma once

#include <optional>
#include <utility>

#include "latchkey/runtime/task.h"

namespace latchkey::test {

/// Stores the result of `task` in `out`.
/// Lifetime: `out` outlives the task.
template <class T>
runtime::Task<void> keep(runtime::Task<T> task, std::optional<T>& out) {
  T value = co_await task;
  out.emplace(std::move(value));
}

}  // namespace latchkey::test
