// sha512-crypt, by libxcrypt: $6$<salt>$<hash>, or $6$rounds=<rounds>$<salt>$<hash>; and sha256-crypt, which
// is $5$ (Drepper, Unix crypt using SHA-256 and SHA-512, 2008). Unlike the other schemes, its time grows with
// the length of the password.
// Thread: any; these are constants, used as stored_scheme.h says.
#pragma once

#include "credential/stored_scheme.h"

namespace latchkey::credential {

extern const StoredScheme kSha512CryptRounds;
extern const StoredScheme kSha512Crypt;
extern const StoredScheme kSha256CryptRounds;
extern const StoredScheme kSha256Crypt;

}  // namespace latchkey::credential
