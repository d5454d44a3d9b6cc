// The end of a process that cannot trust its disk any more: at once, with an exit status of its own.
#pragma once

#include "latchkey/base/result.h"
#include "latchkey/store/data_directory.h"

namespace latchkey::server {

/// Marks the database as not to be trusted, says why on standard error, and ends the process with kExitFatal:
/// it must not live on beside a disk that has lost what it acknowledged, nor close the database as if it
/// could be trusted. Any thread.
[[noreturn]] void end_at_once(const store::DataDirectory& directory, const Error& error) noexcept;

/// Passes the result on, unless its error is kFatal: that ends the process here, while the directory is open
/// and locked. A stage that holds the server's database passes its results through this before it closes it.
template <class T>
Result<T> end_if_fatal(const store::DataDirectory& directory, Result<T> result) {
  if (!result && result.error().code == ErrorCode::kFatal) end_at_once(directory, result.error());
  return result;
}

}  // namespace latchkey::server
