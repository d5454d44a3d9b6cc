// A new key in the place of one that was lost or is known to others. Sessions and known addresses go with the
// old one; users stay, as a password's hash needs no key. While no server runs; blocking calls.
#pragma once

#include <cstdint>
#include <string>

#include "latchkey/base/random.h"
#include "latchkey/base/result.h"
#include "latchkey/store/database.h"

namespace latchkey::token {

struct KeyRenewal {
  std::int64_t ended_sessions = 0;
  std::string old_file;  ///< where the old key file stands now; empty where there was none
};

/// Works in this order: a new key is written beside the old one (`.next`); what hangs on the old one leaves
/// the database, with its fingerprint; the old file is set aside; the new one takes its name; the new
/// fingerprint enters the database. Each step is durable before the next. A crash before the second changes
/// nothing; after it the database belongs to no key, and the next start takes the key file that is there, or
/// says that there is none. Another renewal does all of it anew. Errors: of the step that failed.
Result<KeyRenewal> renew_key(store::Database& database, const std::string& key_path, Random& random);

}  // namespace latchkey::token
