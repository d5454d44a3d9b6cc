// The end of a process that cannot trust its disk any more: at once, with an exit status of its own.
#pragma once

#include "latchkey/base/result.h"
#include "latchkey/store/data_directory.h"

namespace latchkey::server {

/// Marks the database as not to be trusted, says why on standard error, and ends the process with kExitFatal:
/// it must not live on beside a disk that has lost what it acknowledged, nor close the database as if it
/// could be trusted. `directory` is null where none is open yet. Any thread.
[[noreturn]] void end_at_once(const store::DataDirectory* directory, const Error& error) noexcept;

}  // namespace latchkey::server
