#include "crash/failing_disk.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace latchkey::test {

FailingDisk::FailingDisk(std::filesystem::path page) : page_(std::move(page)) {
  const int file = ::open(page_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ::ftruncate(file, sizeof(DiskControl)) != 0) {
    throw std::runtime_error("cannot make the control page " + page_.string());
  }
  void* const mapped = ::mmap(nullptr, sizeof(DiskControl), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (mapped == MAP_FAILED) throw std::runtime_error("cannot map the control page " + page_.string());
  control_ = static_cast<DiskControl*>(mapped);
}

FailingDisk::~FailingDisk() { ::munmap(control_, sizeof(DiskControl)); }

std::vector<std::string> FailingDisk::environment() const {
  const char* const library = std::getenv("DISK_FAULTS_LIBRARY");
  if (library == nullptr) throw std::runtime_error("DISK_FAULTS_LIBRARY is not set: run by 'meson test'");
  return {std::string("LD_PRELOAD=") + library, std::string(kDiskFaultsVariable) + "=" + page_.string()};
}

void FailingDisk::fail(DiskFault fault, std::int64_t passing) {
  control_->passing = passing;
  control_->failed = 0;
  control_->fault = fault;
}

}  // namespace latchkey::test
