// Waiting for room in the log, before something is done that the log must tell of. Core threads' coroutines.
#pragma once

#include <chrono>

#include "latchkey/base/log.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/task.h"

namespace latchkey::api {

/// So long a login or a change waits for room; then it is 503 (P-14).
inline constexpr std::chrono::milliseconds kLogRoomPatience{1000};

/// Room for one line, without blocking the core; without any (LogRoom::is_held) where none came in time.
runtime::Task<LogRoom> wait_for_log_room(runtime::Loop& loop, Log& log);

/// Why nothing was done then.
Error log_is_full();

}  // namespace latchkey::api
