// KeyFile: the key file on disk, a text of two lines: the root key from which all keys are derived, and the
// number of the signing key in use. It is written whole and synced, with its directory, before anything
// relies on it.
// Thread: any but a core thread, because the calls block; for the start of the process and for the command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"

namespace latchkey::token {

inline constexpr std::size_t kRootKeyBytes = 32;
inline constexpr int kMaxSigningNumber = 255;

struct KeyFile {
  SecretBytes<kRootKeyBytes> root;
  std::uint8_t signing = 1;  ///< 1 to 255
};

/// Errors: kNotFound if there is no file; kInvalid if it is not a key file, if it belongs to neither this
/// user nor root, or if others than its owner may read it.
Result<KeyFile> read_key_file(const std::string& path);

/// Writes a new file, mode 0600.
/// Errors: kConflict if there is one.
Result<void> create_key_file(const std::string& path, const KeyFile& file);

/// Renames the file to a free name and returns that name; durable when this returns. Returns an empty name if
/// there is no file.
Result<std::string> set_key_file_aside(const std::string& path);

/// Renames a key file to a free name; durable when this returns.
/// Errors: kConflict if the name is taken.
Result<void> move_key_file(const std::string& from, const std::string& to);

/// Removes the file. It is no error if there is none.
Result<void> remove_key_file(const std::string& path);

/// The text of such a file.
SecretText key_file_text(const KeyFile& file);

/// Replaces the existing file with `file`, in one step.
Result<void> replace_key_file(const std::string& path, const KeyFile& file);

}  // namespace latchkey::token
