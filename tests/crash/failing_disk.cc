#include "crash/failing_disk.h"

namespace latchkey::test {

void FailingDisk::fail(DiskFault fault, std::int64_t passing) {
  control_->passing = passing;
  control_->failed = 0;
  control_->fault = fault;
}

}  // namespace latchkey::test
