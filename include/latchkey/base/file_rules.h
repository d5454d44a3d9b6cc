// Whose the files of a server must be, and who else may reach them: what a stranger could have read or
// written is refused, with the command that mends it. By open descriptors, so that what was looked at is what
// is used. A system call or two each; any thread that may block.
#pragma once

#include <string>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey {

/// Who besides the process's user a file may belong to.
enum class FileOwner { kUserAlone, kUserOrRoot };

/// A regular file that its owner alone may read and write. `what` is its name in the sentence, as "the key
/// file". Error kInvalid where it is anything else.
Result<void> check_private_file(int file, const std::string& path, std::string_view what,
                                FileOwner owner = FileOwner::kUserAlone);

/// The same of the file `path` in an open directory, which is not opened, since it may be locked by this
/// process (POSIX drops locks at any close). A symbolic link or a second name (hard link) is refused too:
/// SQLite would write its log beside another name. Good where there is none.
Result<void> check_private_file_in(int directory, const std::string& path, std::string_view what);

/// A directory of the process's user in which nobody else may make, replace or remove a name.
Result<void> check_own_directory(int directory, const std::string& path);

/// A directory in which nobody can replace a name that this user made in it: it is this user's or root's, and
/// others may write to it only where it is sticky, as /tmp.
Result<void> check_safe_directory(const std::string& path, std::string_view what);

/// The path as a shell reads it back as one word.
std::string shell_word(std::string_view path);

}  // namespace latchkey
