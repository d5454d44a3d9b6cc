// BackupUnderWay: the store's copy that a connection of the admin socket has begun and reads. It ends with
// the connection. Thread: its connection's.
#pragma once

#include <cstdint>

namespace latchkey::api {

struct BackupUnderWay {
  std::uint64_t number = 0;  ///< of the store's copy; 0: none
};

}  // namespace latchkey::api
