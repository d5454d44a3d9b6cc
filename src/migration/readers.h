// The reader of each source. read_users.h looks them up, and does for all of them what is not a source's own.
// Thread: any; all are pure functions.
// Errors: kInvalid if the text as a whole is not of the source.
#pragma once

#include <string_view>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/migration/read_users.h"
#include "migration/foreign_user.h"

namespace latchkey::migration {

using Users = Result<std::vector<ForeignUser>>;

/// Holds what was read to the bounds, and compares the names in it.
Users finish_reading(Users users);

/// `manage.py dumpdata`, as an array or as lines, or CSV with a header.
Users read_django(std::string_view text, const ReadOptions& options);
Users read_htpasswd(std::string_view text, const ReadOptions& options);
Users read_shadow(std::string_view text, const ReadOptions& options);
Users read_authelia(std::string_view text, const ReadOptions& options);
Users read_ldif(std::string_view text, const ReadOptions& options);
Users read_keycloak(std::string_view text, const ReadOptions& options);
/// What `latchkey user export --with-hashes` writes.
Users read_latchkey(std::string_view text, const ReadOptions& options);

}  // namespace latchkey::migration
