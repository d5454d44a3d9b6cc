// Argon2id as a PHC string, by libsodium: $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash> (RFC 9106); and
// Argon2i, which earlier Djangos made.
// Thread: any; these are constants, used as stored_scheme.h says.
#pragma once

#include "credential/stored_scheme.h"

namespace latchkey::credential {

extern const StoredScheme kArgon2id;
extern const StoredScheme kArgon2i;

}  // namespace latchkey::credential
