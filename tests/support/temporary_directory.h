// A directory for one test. It is removed, with all its contents, when the object is destroyed.
// Thread: one.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace latchkey::test {

class TemporaryDirectory {
 public:
  /// The name is short, since a socket's path in the directory must fit into 107 bytes.
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "latchkey-it-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp: no directory at " + name);
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace latchkey::test
