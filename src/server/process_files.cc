#include "server/process_files.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace latchkey::server {

namespace {

constexpr double kNanosecondsPerSecond = 1e9;
/// `.` and `..`.
constexpr std::uint64_t kEntriesOfItself = 2;

/// The descriptors in the directory, read one by one, for kernels before 6.2.
std::uint64_t count_entries(int directory) noexcept {
  alignas(8) std::array<char, 32768> entries;
  std::uint64_t count = 0;
  ::lseek(directory, 0, SEEK_SET);
  while (true) {
    const long bytes = ::syscall(SYS_getdents64, directory, entries.data(), entries.size());
    if (bytes <= 0) break;
    for (long at = 0; at < bytes; ++count) {
      std::uint16_t length = 0;  // of linux_dirent64, behind inode and offset
      std::memcpy(&length, entries.data() + at + 16, sizeof length);
      if (length == 0) return count;
      at += length;
    }
  }
  return count < kEntriesOfItself ? 0 : count - kEntriesOfItself;
}

std::uint64_t count_descriptors(int directory) noexcept {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return 0;
  return status.st_size > 0 ? static_cast<std::uint64_t>(status.st_size) : count_entries(directory);
}

}  // namespace

ProcessFiles ProcessFiles::open() noexcept {
  return {::open("/proc/self/statm", O_RDONLY | O_CLOEXEC),
          ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
}

ProcessFiles::~ProcessFiles() {
  if (memory_ >= 0) ::close(memory_);
  if (descriptors_ >= 0) ::close(descriptors_);
}

ProcessReading ProcessFiles::read() const noexcept {
  ProcessReading reading;
  timespec cpu{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
    reading.cpu_seconds =
        static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) / kNanosecondsPerSecond;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) reading.max_descriptors = limit.rlim_cur;
  reading.open_descriptors = count_descriptors(descriptors_);
  std::array<char, 128> text{};
  const ssize_t bytes = ::pread(memory_, text.data(), text.size(), 0);
  if (bytes <= 0) return reading;
  const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const char* const end = text.data() + bytes;
  std::uint64_t pages = 0;
  const auto [after, error] = std::from_chars(text.data(), end, pages);
  if (after == end) return reading;
  reading.virtual_bytes = pages * page_bytes;
  std::from_chars(after + 1, end, pages);
  reading.resident_bytes = pages * page_bytes;
  return reading;
}

}  // namespace latchkey::server
