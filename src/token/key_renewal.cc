#include "latchkey/token/key_renewal.h"

#include <utility>

#include "latchkey/store/schema.h"
#include "latchkey/token/key_file.h"
#include "latchkey/token/keyring.h"

namespace latchkey::token {

Result<KeyRenewal> renew_key(store::Database& database, const std::string& key_path, Random& random) {
  const std::string next = key_path + ".next";
  if (Result<void> removed = remove_key_file(next); !removed) return tl::unexpected<Error>(removed.error());
  const Result<Keyring> keyring = Keyring::create(next, random);
  if (!keyring) return tl::unexpected<Error>(keyring.error());
  const Result<std::int64_t> ended = store::forget_key(database);
  if (!ended) return tl::unexpected<Error>(ended.error());
  Result<std::string> old_file = set_key_file_aside(key_path);
  if (!old_file) return tl::unexpected<Error>(std::move(old_file.error()));
  if (Result<void> moved = move_key_file(next, key_path); !moved) return tl::unexpected<Error>(moved.error());
  if (Result<void> put = store::check_key(database, keyring->fingerprint(), key_path); !put) {
    return tl::unexpected<Error>(std::move(put.error()));
  }
  return KeyRenewal{*ended, std::move(*old_file)};
}

}  // namespace latchkey::token
