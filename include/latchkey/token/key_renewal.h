// Replaces a key that was lost or that others know. Sessions and known addresses go with the old key. Users
// stay, because a password hash needs no key. The call blocks.
// Requires: no server is running.
#pragma once

#include <cstdint>
#include <string>

#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/store/database.h"

namespace latchkey::token {

struct KeyRenewal {
  std::int64_t ended_sessions = 0;
  std::string old_file;  ///< where the old key file is now; empty if there was none
};

/// Renews the key in five steps, each durable before the next: it writes a new key beside the old one
/// (`.next`); removes from the database what depends on the old key, and its fingerprint; sets the old file
/// aside; gives the new file its name; and puts the new fingerprint into the database. A crash before the
/// second step changes nothing. After it the database belongs to no key, and the next start takes the key
/// file that is there or reports that there is none. Another renewal starts from the beginning.
/// Errors: those of the step that failed.
Result<KeyRenewal> renew_key(store::Database& database, const std::string& key_path, Random& random);

}  // namespace latchkey::token
