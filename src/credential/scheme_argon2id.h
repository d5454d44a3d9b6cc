// Argon2id as a PHC string, by libsodium: $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash> (RFC 9106).
// Thread: any; this is a constant, used as stored_scheme.h says.
#pragma once

#include "credential/stored_scheme.h"

namespace latchkey::credential {

extern const StoredScheme kArgon2id;

}  // namespace latchkey::credential
