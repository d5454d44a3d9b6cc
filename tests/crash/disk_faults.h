// What a test and the library that plays a failing disk inside the server (disk_faults.cc) have in common:
// one page that both map from a file. The test writes what shall fail, the library what has failed.
#pragma once

#include <atomic>
#include <cstdint>

namespace latchkey::test {

enum class DiskFault : std::uint32_t {
  kNone,
  /// The process ends within a write or a sync, and of what was not synced any part is lost.
  kPowerCut,
  /// The process ends within a write, of which the front alone is there.
  kTornWrite,
  /// Writes fail with EIO, until the disk is healed.
  kRefusedWrites,
  /// Writes end early and then fail with ENOSPC, until the disk is healed.
  kFullDisk,
  /// One sync fails with EIO, and of what it should have made durable any part is lost.
  kFailedSync,
};

/// The variable that names the file of the control page.
inline constexpr const char* kDiskFaultsVariable = "DISK_FAULTS_CONTROL";

/// The exit status of a process that was ended by kPowerCut or kTornWrite.
inline constexpr int kCutStatus = 99;

struct DiskControl {
  std::atomic<DiskFault> fault;
  std::atomic<std::int64_t>
      passing;  ///< operations that the fault concerns and that pass before the first fails
  std::atomic<std::uint64_t> seed;
  std::atomic<std::uint64_t> operations;   ///< writes, truncations and syncs so far
  std::atomic<std::uint64_t> failed;       ///< those of them that failed
  std::atomic<std::int64_t> failed_at_ns;  ///< when the first did: CLOCK_MONOTONIC
};

}  // namespace latchkey::test
