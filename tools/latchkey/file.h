// Reads and makes the files that the command is given.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey::command {

/// The whole file, or standard input for `-`.
/// Errors: kUnavailable if it cannot be read; kInvalid if it has more than `max_bytes`.
Result<std::string> read_file(const std::string& name, std::size_t max_bytes);

/// The beginning of a file, at most `bytes` of it; empty if it cannot be read, or if it is no regular file.
std::string front_of_file(const std::string& name, std::size_t bytes);

/// A file for its owner alone that is made when this is, or standard output for `-`. Without `finish` it is
/// removed at the end.
class NewFile {
 public:
  /// Errors: kConflict if there is such a file; kUnavailable.
  static Result<NewFile> make(const std::string& name);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  bool is_terminal() const noexcept;
  /// Errors: kUnavailable.
  Result<void> write(std::string_view text);
  /// Syncs the file, which stays from then on.
  Result<void> finish();

 private:
  NewFile(std::string name, int file, bool is_own) : name_(std::move(name)), file_(file), is_own_(is_own) {}

  std::string name_;
  int file_;
  bool is_own_;
  bool is_finished_ = false;
};

}  // namespace latchkey::command
