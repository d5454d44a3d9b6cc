// ProcessFiles: what the kernel says of this process. The files below /proc are opened before the process is
// confined, which could not open them afterwards, and read again and again.
// Thread: the main thread's.
#pragma once

#include <cstdint>
#include <utility>

#include "latchkey/base/clock.h"

namespace latchkey::server {

struct ProcessReading {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t max_descriptors = 0;
};

class ProcessFiles {
 public:
  /// A file that cannot be opened is left out, and what it would say is 0.
  static ProcessFiles open() noexcept;
  ProcessFiles(ProcessFiles&& other) noexcept
      : memory_(std::exchange(other.memory_, -1)), descriptors_(std::exchange(other.descriptors_, -1)) {}
  ProcessFiles& operator=(ProcessFiles&&) = delete;
  ~ProcessFiles();

  ProcessReading read() const noexcept;

 private:
  ProcessFiles(int memory, int descriptors) noexcept : memory_(memory), descriptors_(descriptors) {}

  int memory_;       ///< /proc/self/statm
  int descriptors_;  ///< /proc/self/fd
};

}  // namespace latchkey::server
