#include "latchkey/token/key_rotation.h"

#include <algorithm>
#include <utility>

#include "latchkey/token/keyring.h"
#include "token/key_file.h"

namespace latchkey::token {

Result<KeyRotation> rotate_key(const std::string& path, std::uint8_t in_use, const std::string& fingerprint) {
  LATCHKEY_TRY(KeyFile file, read_key_file(path));
  KeyRotation done;
  done.fingerprint = Keyring(file).fingerprint();
  if (!fingerprint.empty() && done.fingerprint != fingerprint) {
    return failure(ErrorCode::kInvalid, "the key file " + path +
                                            " is not the one that the server runs with: name that one with "
                                            "--key-file, as the server's setting key_file does");
  }
  const std::uint8_t last = std::max(file.signing, in_use);
  if (last == kMaxSigningNumber) {
    return failure(ErrorCode::kConflict,
                   "the key file " + path + " has used all " + std::to_string(kMaxSigningNumber) +
                       " signing keys: run `latchkey key renew`, which makes a new key, ends all "
                       "sessions and keeps the users");
  }
  file.signing = static_cast<std::uint8_t>(last + 1);
  done.signing = file.signing;
  if (Result<void> written = replace_key_file(path, file); !written) {
    done.unwritten = key_file_text(file);
    done.why_unwritten = std::move(written.error().text);
  }
  return done;
}

}  // namespace latchkey::token
