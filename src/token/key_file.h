// The key file on disk: a text of two lines, the root key of everything that is derived and the number of the
// signing key in use. It is written whole and synced, with its directory, before anything relies on it.
// Blocking calls: for the start of the process and for the command, never on a core thread.
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

/// Error kNotFound where there is no file; kInvalid where it is not a key file, where it is neither
/// this user's nor root's, or where others than its owner may read it.
Result<KeyFile> read_key_file(const std::string& path);

/// Writes a file that is not there yet, mode 0600. Error kConflict where there is one.
Result<void> create_key_file(const std::string& path, const KeyFile& file);

/// Gives the file another name, which is free and which it returns; durable then. Empty where there is none.
Result<std::string> set_key_file_aside(const std::string& path);

/// Gives a key file a name that is free; durable then. Error kConflict where it is taken.
Result<void> move_key_file(const std::string& from, const std::string& to);

/// Good also where there is none.
Result<void> remove_key_file(const std::string& path);

/// Puts `file` in the place of the one that is there, in one step.
Result<void> replace_key_file(const std::string& path, const KeyFile& file);

}  // namespace latchkey::token
