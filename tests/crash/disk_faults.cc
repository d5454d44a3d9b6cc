// A library to be loaded before the C library (LD_PRELOAD). For the files of the database it sits between
// SQLite and the kernel, and plays the disk that the control page asks for. It knows what was written since
// the last sync, so a power cut can lose any part of it. Thread: any; one lock guards its state.
#include "crash/disk_faults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <ctime>
#include <map>
#include <mutex>
#include <random>
#include <string_view>
#include <vector>

#include "support/control_page.h"

namespace {

using latchkey::test::DiskControl;
using latchkey::test::DiskFault;

constexpr std::size_t kSectorBytes = 512;
constexpr std::size_t kMaxDescriptors = 65'536;

template <class Function>
Function next(const char* name) noexcept {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

ssize_t really_write(int file, const void* bytes, std::size_t count, off64_t at) noexcept {
  static const auto function = next<ssize_t (*)(int, const void*, std::size_t, off64_t)>("pwrite64");
  return function(file, bytes, count, at);
}
ssize_t really_read(int file, void* bytes, std::size_t count, off64_t at) noexcept {
  static const auto function = next<ssize_t (*)(int, void*, std::size_t, off64_t)>("pread64");
  return function(file, bytes, count, at);
}
int really_truncate(int file, off64_t size) noexcept {
  static const auto function = next<int (*)(int, off64_t)>("ftruncate64");
  return function(file, size);
}

off64_t size_of(int file) noexcept {
  struct stat64 status {};
  return ::fstat64(file, &status) == 0 ? status.st_size : 0;
}

/// What the disk would still hold of a file if the power failed now.
struct Durable {
  int file = -1;  ///< a descriptor of the library's own
  off64_t size = 0;
  std::map<off64_t, std::vector<char>> sectors;  ///< old content of the sectors written since, by number
};

class Disk {
 public:
  static Disk& of_this_process() {
    static Disk* const disk = new Disk;
    return *disk;
  }

  void opened(int file, const char* path) {
    if (control_ == nullptr || file < 0 || static_cast<std::size_t>(file) >= kMaxDescriptors) return;
    const std::string_view name(path);
    if (!name.ends_with("latchkey.db") && !name.ends_with("latchkey.db-wal")) return;
    struct stat64 status {};
    if (::fstat64(file, &status) != 0) return;
    const std::lock_guard lock(mutex_);
    file_of_[static_cast<std::size_t>(file)] = status.st_ino;
    Durable& durable = durable_[status.st_ino];
    if (durable.file >= 0) return;
    // Not a duplicate, because the sandbox refuses it. Never closed, because that would drop the process's
    // locks.
    durable.file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC));
    durable.size = status.st_size;
  }

  void closed(int file) {
    if (control_ == nullptr || file < 0 || static_cast<std::size_t>(file) >= kMaxDescriptors) return;
    const std::lock_guard lock(mutex_);
    file_of_[static_cast<std::size_t>(file)] = 0;
  }

  bool has(int file) {
    if (control_ == nullptr || file < 0 || static_cast<std::size_t>(file) >= kMaxDescriptors) return false;
    const std::lock_guard lock(mutex_);
    return file_of_[static_cast<std::size_t>(file)] != 0;
  }

  ssize_t write(int file, const void* bytes, std::size_t count, off64_t at) {
    const std::lock_guard lock(mutex_);
    remember(file, at, static_cast<off64_t>(count));
    switch (due(true)) {
      case DiskFault::kPowerCut:
        really_write(file, bytes, less_than(count), at);
        lose_unsynced();
        end_process();
      case DiskFault::kTornWrite:
        really_write(file, bytes, less_than(count), at);
        end_process();
      case DiskFault::kRefusedWrites:
        errno = EIO;
        return -1;
      case DiskFault::kFullDisk: {
        const std::size_t front = less_than(count);
        if (front > 0) return really_write(file, bytes, front, at);
        errno = ENOSPC;
        return -1;
      }
      default:
        return really_write(file, bytes, count, at);
    }
  }

  int truncate(int file, off64_t size) {
    const std::lock_guard lock(mutex_);
    const off64_t size_now = size_of(file);
    if (size < size_now) remember(file, size, size_now - size);
    switch (due(true)) {
      case DiskFault::kPowerCut:
        lose_unsynced();
        end_process();
      case DiskFault::kTornWrite:
        end_process();
      case DiskFault::kRefusedWrites:
        errno = EIO;
        return -1;
      default:
        return really_truncate(file, size);
    }
  }

  /// The library's account of what is durable replaces the disk itself, so a sync costs nothing.
  int sync(int file) {
    const std::lock_guard lock(mutex_);
    switch (due(false)) {
      case DiskFault::kPowerCut:
        lose_unsynced();
        end_process();
      case DiskFault::kFailedSync:
        control_->fault = DiskFault::kNone;
        lose_unsynced();
        errno = EIO;
        return -1;
      default:
        break;
    }
    Durable& durable = durable_of(file);
    durable.size = size_of(file);
    durable.sectors.clear();
    return 0;
  }

 private:
  Disk() {
    if (control_ != nullptr) random_.seed(control_->seed.load());
  }

  Durable& durable_of(int file) { return durable_[file_of_[static_cast<std::size_t>(file)]]; }

  /// Keeps the old content of every sector that `count` bytes at `at` touch.
  void remember(int file, off64_t at, off64_t count) {
    Durable& durable = durable_of(file);
    constexpr off64_t kBytes = kSectorBytes;
    for (off64_t sector = at / kBytes; sector * kBytes < at + count; ++sector) {
      const auto [place, is_new] = durable.sectors.try_emplace(sector);
      if (!is_new) continue;
      place->second.resize(kSectorBytes);
      const ssize_t size = really_read(file, place->second.data(), kSectorBytes, sector * kBytes);
      place->second.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }
  }

  /// Returns the fault that this operation meets.
  DiskFault due(bool is_write) {
    ++control_->operations;
    const DiskFault fault = control_->fault;
    const bool concerns = fault == DiskFault::kPowerCut || (fault == DiskFault::kFailedSync) != is_write;
    if (fault == DiskFault::kNone || !concerns || control_->passing-- > 0) return DiskFault::kNone;
    if (control_->failed++ == 0) control_->failed_at_ns = monotonic_ns();
    return fault;
  }

  /// Loses any part of what no sync has made durable, like a disk that writes in an order of its own.
  void lose_unsynced() {
    // None of it is kept, all of it, or something in between.
    const std::uint64_t kept_of_four = random_() % 5;
    for (auto& [inode, durable] : durable_) {
      const off64_t size = random_() % 2 == 0 ? durable.size : size_of(durable.file);
      really_truncate(durable.file, size);
      for (const auto& [sector, content] : durable.sectors) {
        const off64_t at = sector * static_cast<off64_t>(kSectorBytes);
        if (at >= size || random_() % 4 < kept_of_four) continue;
        really_write(durable.file, content.data(), content.size(), at);
      }
      durable.size = size_of(durable.file);
      durable.sectors.clear();
    }
  }

  std::size_t less_than(std::size_t count) { return static_cast<std::size_t>(random_() % count); }

  static std::int64_t monotonic_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
  }

  /// As by a kill: nothing else runs.
  [[noreturn]] static void end_process() noexcept {
    ::syscall(SYS_exit_group, latchkey::test::kCutStatus);
    std::abort();
  }

  DiskControl* const control_ =
      latchkey::test::map_control_page<DiskControl>(latchkey::test::kDiskFaultsVariable);
  std::mutex mutex_;
  std::mt19937_64 random_;
  std::array<ino64_t, kMaxDescriptors> file_of_{};  // by descriptor; 0: not a file of the database
  std::map<ino64_t, Durable> durable_;
};

Disk& disk() { return Disk::of_this_process(); }

}  // namespace

extern "C" {

int open64(const char* path, int flags, ...) {
  static const auto function = next<int (*)(const char*, int, ...)>("open64");
  mode_t mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  const int file = function(path, flags, mode);
  disk().opened(file, path);
  return file;
}

int close(int file) {
  static const auto function = next<int (*)(int)>("close");
  disk().closed(file);
  return function(file);
}

ssize_t pwrite64(int file, const void* bytes, std::size_t count, off64_t at) {
  return disk().has(file) ? disk().write(file, bytes, count, at) : really_write(file, bytes, count, at);
}

int ftruncate64(int file, off64_t size) noexcept {
  return disk().has(file) ? disk().truncate(file, size) : really_truncate(file, size);
}

int fdatasync(int file) {
  static const auto function = next<int (*)(int)>("fdatasync");
  return disk().has(file) ? disk().sync(file) : function(file);
}

int fsync(int file) {
  static const auto function = next<int (*)(int)>("fsync");
  return disk().has(file) ? disk().sync(file) : function(file);
}

}  // extern "C"
