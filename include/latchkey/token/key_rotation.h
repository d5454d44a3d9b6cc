// Goes to the next signing key: new tokens are signed with it, and those signed before live on. All signing
// keys come from the one root, so whoever has seen the file knows the next one too: that is for
// key_renewal.h. The call blocks.
// Thread: any but a core's; for the command.
#pragma once

#include <cstdint>
#include <string>

#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"

namespace latchkey::token {

struct KeyRotation {
  std::uint8_t signing = 1;
  std::string fingerprint;
  SecretText unwritten;  ///< the text of the new file, if the file cannot be written
  std::string why_unwritten;
};

/// Writes the number after that of the file and after `in_use`, durable when this returns. `fingerprint` is
/// that of the key in use; empty if none is.
/// Errors: those of reading the file; kInvalid if it has another key; kConflict after the last number.
Result<KeyRotation> rotate_key(const std::string& path, std::uint8_t in_use, const std::string& fingerprint);

}  // namespace latchkey::token
