// FailingDisk: the disk of a server under test, which fails on request: the test's side of disk_faults.h.
// Lifetime: it must outlive the servers that are started with its environment. Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "crash/disk_faults.h"
#include "support/control_page.h"

namespace latchkey::test {

class FailingDisk {
 public:
  /// Makes the file `page` and keeps its control page there. Throws std::runtime_error if it cannot.
  explicit FailingDisk(std::filesystem::path page) : control_(std::move(page)) {}

  /// The environment that makes a server load the library and find the page.
  std::vector<std::string> environment() const {
    return control_.environment("DISK_FAULTS_LIBRARY", kDiskFaultsVariable);
  }

  /// Sets the number that chooses what a server started from now on loses.
  void choose_by(std::uint64_t seed) { control_->seed = seed; }
  /// Has operations fail after `passing` more of those that the fault concerns.
  void fail(DiskFault fault, std::int64_t passing);
  void heal() { control_->fault = DiskFault::kNone; }

  /// How many operations have failed since the last call of `fail`.
  std::uint64_t failed() const { return control_->failed; }
  /// When the first of them failed: CLOCK_MONOTONIC.
  std::int64_t failed_at_ns() const { return control_->failed_at_ns; }
  std::uint64_t operations() const { return control_->operations; }

 private:
  ControlPage<DiskControl> control_;
};

}  // namespace latchkey::test
