// What a test shares with the library that plays a failing disk inside the server (disk_faults.cc): one page
// that both map from a file. The test writes what is to fail; the library writes what has failed.
#pragma once

#include <atomic>
#include <cstdint>

namespace latchkey::test {

enum class DiskFault : std::uint32_t {
  kNone,
  /// The process ends within a write or a sync. Any part of what was not synced is lost.
  kPowerCut,
  /// The process ends within a write, of which only the front is done.
  kTornWrite,
  /// Writes fail with EIO, until the disk is healed.
  kRefusedWrites,
  /// Writes end early and then fail with ENOSPC, until the disk is healed.
  kFullDisk,
  /// One sync fails with EIO. Any part of what it should have made durable is lost.
  kFailedSync,
};

/// The environment variable that names the file of the control page.
inline constexpr const char* kDiskFaultsVariable = "DISK_FAULTS_CONTROL";

/// The exit status of a process that was ended by kPowerCut or kTornWrite.
inline constexpr int kCutStatus = 99;

struct DiskControl {
  std::atomic<DiskFault> fault;
  std::atomic<std::int64_t>
      passing;  ///< operations that the fault could hit and that pass before the first one fails
  std::atomic<std::uint64_t> seed;
  std::atomic<std::uint64_t> operations;   ///< writes, truncations and syncs so far
  std::atomic<std::uint64_t> failed;       ///< those of them that failed
  std::atomic<std::int64_t> failed_at_ns;  ///< when the first one did: CLOCK_MONOTONIC
};

}  // namespace latchkey::test
