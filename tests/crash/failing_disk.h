// The disk of a server under test, which fails when it is told to: the test's side of disk_faults.h. It must
// outlive the servers that are started with its environment. One thread.
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
  /// Keeps its control page in the file `page`, which it makes. Throws std::runtime_error where it cannot.
  explicit FailingDisk(std::filesystem::path page) : control_(std::move(page)) {}

  /// For a server: has it load the library and find the page.
  std::vector<std::string> environment() const {
    return control_.environment("DISK_FAULTS_LIBRARY", kDiskFaultsVariable);
  }

  /// What a server that is started from now on loses is chosen by this number.
  void choose_by(std::uint64_t seed) { control_->seed = seed; }
  /// Has operations fail, after `passing` more of those that the fault concerns.
  void fail(DiskFault fault, std::int64_t passing);
  void heal() { control_->fault = DiskFault::kNone; }

  /// Operations that failed since `fail` was called last.
  std::uint64_t failed() const { return control_->failed; }
  /// When the first of them did: CLOCK_MONOTONIC.
  std::int64_t failed_at_ns() const { return control_->failed_at_ns; }
  std::uint64_t operations() const { return control_->operations; }

 private:
  ControlPage<DiskControl> control_;
};

}  // namespace latchkey::test
