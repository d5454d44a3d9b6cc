// How a process ends that can no longer trust its disk: at once, with an exit status of its own.
#pragma once

#include "latchkey/base/result.h"
#include "latchkey/store/data_directory.h"

namespace latchkey::server {

/// Marks the database as distrusted, writes the reason to standard error, and ends the process with
/// kExitFatal. The process must neither go on beside a disk that has lost what it acknowledged, nor close the
/// database as if it could be trusted.
/// Thread: any.
[[noreturn]] void end_at_once(const store::DataDirectory& directory, const Error& error) noexcept;

/// Passes the result on, except that a kFatal error ends the process here, while the directory is open and
/// locked. A stage that holds the server's database passes its results through this before closing it.
template <class T>
Result<T> end_if_fatal(const store::DataDirectory& directory, Result<T> result) {
  if (!result && result.error().code == ErrorCode::kFatal) end_at_once(directory, result.error());
  return result;
}

}  // namespace latchkey::server
