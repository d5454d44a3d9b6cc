#include "latchkey/api/log_room.h"

#include <utility>

namespace latchkey::api {

namespace {

// Polled, because the log's thread cannot wake a loop.
constexpr std::int64_t kLookMs = 10;

}  // namespace

runtime::Task<LogRoom> wait_for_log_room(runtime::Loop& loop, Log& log) {
  const BootTime deadline{loop.now().ms + kLogRoomPatienceMs};
  while (true) {
    LogRoom room = LogRoom::take(log);
    if (room.is_held() || loop.now() >= deadline) co_return std::move(room);
    co_await loop.sleep_until(BootTime{loop.now().ms + kLookMs});
  }
}

Error log_is_full() {
  return {ErrorCode::kOverloaded,
          "the log is written more slowly than it fills: see what reads the server's standard error"};
}

}  // namespace latchkey::api
