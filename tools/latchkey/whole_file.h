// WholeFile: a file that has its name only once it is whole, and is its owner's alone. Until then it is
// beside it, with `.latchkey-partial` behind its name. A process of its own keeps the rights of whoever runs
// the command, which may become the data's owner meanwhile. If the command ends in any way without having
// kept the file, that process removes it. Thread: the command's only one, when it is made.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey::command {

class WholeFile {
 public:
  /// Removes what a command that was killed has left of the same name.
  /// Errors: kConflict if there is such a file, or another command is writing it; kUnavailable.
  static Result<WholeFile> begin(const std::filesystem::path& name);
  WholeFile(WholeFile&& other) noexcept;
  WholeFile& operator=(WholeFile&&) = delete;
  ~WholeFile();

  const std::filesystem::path& name() const noexcept { return name_; }
  /// Where it is as long as it is not kept.
  std::string partial() const;

  /// Errors: kUnavailable.
  Result<void> write(std::string_view bytes);
  /// Errors: kUnavailable.
  Result<void> sync();

  /// Gives the file its name, durably. With `newest` over 0 then removes the files with timed names in the
  /// same directory, but for that many of the newest. Errors: kConflict if there is a file of the name by
  /// now; kUnavailable.
  Result<void> keep(std::size_t newest = 0);

 private:
  WholeFile(std::filesystem::path name, int file, int keeper, pid_t process);

  std::filesystem::path name_;
  int file_;
  int keeper_;
  pid_t process_;
};

/// The time in UTC, for a name: `20260102T030405Z`.
std::string time_for_name();
/// A file's name in a directory of backups, with the time in UTC: `latchkey-20260102T030405Z.db`.
std::string timed_name();
bool is_timed_name(std::string_view name);

}  // namespace latchkey::command
