// Checks who owns the server's files and who else may reach them. A file that a stranger could have read or
// written is refused, with the command that mends it. Most checks work on open descriptors, so that the file
// checked is the file used. Each takes a system call or two.
// Thread: any that may block.
#pragma once

#include <string>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey {

/// Who may own a file besides the process's user. A credential is the service manager's copy of a file:
/// nobody may write to it, its owner included, and its group may read it. systemd 254 and later leave it to
/// root and admit the user by an access control list, which `stat` shows as the group's bits.
enum class FileOwner { kUserAlone, kUserOrRoot, kCredential };

/// Whether the file is in the directory of the service manager's credentials, $CREDENTIALS_DIRECTORY
/// (systemd.exec(5)).
bool is_credential(std::string_view path);

/// Accepts a regular file that only its owner may read and write. `what` names it in the error's sentence,
/// for instance "the key file".
/// Errors: kInvalid if it is anything else; kUnavailable if it cannot be examined.
Result<void> check_private_file(int file, const std::string& path, std::string_view what,
                                FileOwner owner = FileOwner::kUserAlone);

/// The same check for the file `path` in an open directory; a missing file passes. The file is not opened,
/// because this process may hold a lock on it (POSIX drops locks at any close). A symbolic link or a second
/// name (hard link) is refused too: SQLite would write its log beside another name.
Result<void> check_private_file_in(int directory, const std::string& path, std::string_view what);

/// Accepts a directory of the process's user in which nobody else may make, replace or remove a name.
Result<void> check_own_directory(int directory, const std::string& path);

/// Accepts a directory in which nobody can replace a name that this user made: it belongs to this user or to
/// root, and others may write to it only if it is sticky, like /tmp.
Result<void> check_safe_directory(const std::string& path, std::string_view what);

/// Quotes the path so that a shell reads it as one word.
std::string shell_word(std::string_view path);

}  // namespace latchkey
