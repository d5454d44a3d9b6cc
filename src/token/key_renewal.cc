#include "latchkey/token/key_renewal.h"

#include <utility>

#include "latchkey/store/schema.h"
#include "latchkey/token/keyring.h"
#include "token/key_file.h"

namespace latchkey::token {

Result<KeyRenewal> renew_key(store::Database& database, const std::string& key_path, Random& random) {
  const std::string next = key_path + ".next";
  LATCHKEY_TRY(remove_key_file(next));
  LATCHKEY_TRY(const Keyring keyring, Keyring::create(next, random));
  LATCHKEY_TRY(const std::int64_t ended, store::forget_key(database));
  LATCHKEY_TRY(std::string old_file, set_key_file_aside(key_path));
  LATCHKEY_TRY(move_key_file(next, key_path));
  LATCHKEY_TRY(store::check_key(database, keyring.fingerprint(), key_path));
  return KeyRenewal{ended, std::move(old_file)};
}

}  // namespace latchkey::token
