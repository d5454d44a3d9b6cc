#include "latchkey/api/log_room.h"

#include <utility>

namespace latchkey::api {

namespace {

// Polled, because the log's thread cannot wake a loop.
constexpr std::chrono::milliseconds kLook{10};

}  // namespace

runtime::Task<LogRoom> wait_for_log_room(runtime::Loop& loop, Log& log) {
  const BootTime deadline = loop.now() + kLogRoomPatience;
  while (true) {
    LogRoom room = LogRoom::take(log);
    if (room.is_held() || loop.now() >= deadline) co_return std::move(room);
    co_await loop.sleep_until(loop.now() + kLook);
  }
}

Error log_is_full() {
  return {ErrorCode::kOverloaded,
          "the log is written more slowly than it fills: see what reads the server's standard error, or the "
          "disk that `audit_log` is on"};
}

}  // namespace latchkey::api
