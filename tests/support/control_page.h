// A page of a file, mapped by a test and by a library inside the server under test. The test writes what the
// library is to simulate. `Control` is a struct of lock-free atomics, for which all zeros is valid.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace latchkey::test {

/// The test's side.
/// Lifetime: outlives the servers started with its environment.
template <class Control>
class ControlPage {
 public:
  /// Creates the file `page`. Throws std::runtime_error if it cannot.
  explicit ControlPage(std::filesystem::path page) : page_(std::move(page)) {
    const int file = ::open(page_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(Control)) != 0) {
      throw std::runtime_error("cannot make the control page " + page_.string());
    }
    void* const mapped = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (mapped == MAP_FAILED) throw std::runtime_error("cannot map the control page " + page_.string());
    control_ = static_cast<Control*>(mapped);
  }
  ~ControlPage() { ::munmap(control_, sizeof(Control)); }
  ControlPage(const ControlPage&) = delete;
  ControlPage& operator=(const ControlPage&) = delete;

  Control* operator->() const noexcept { return control_; }

  /// The environment for a server: it loads the library named by the variable `library`, which finds the page
  /// by `page`.
  std::vector<std::string> environment(const char* library, const char* page) const {
    const char* const path = std::getenv(library);
    if (path == nullptr) throw std::runtime_error(std::string(library) + " is not set: run by 'meson test'");
    return {std::string("LD_PRELOAD=") + path, std::string(page) + "=" + page_.string()};
  }

 private:
  std::filesystem::path page_;
  Control* control_ = nullptr;
};

/// The library's side: the page that the variable names, or nullptr. Uses system calls, because the library
/// may replace the functions that do the same.
template <class Control>
Control* map_control_page(const char* variable) noexcept {
  const char* const path = std::getenv(variable);
  if (path == nullptr) return nullptr;
  const int file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC));
  if (file < 0) return nullptr;
  void* const page = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::syscall(SYS_close, file);
  return page == MAP_FAILED ? nullptr : static_cast<Control*>(page);
}

}  // namespace latchkey::test
