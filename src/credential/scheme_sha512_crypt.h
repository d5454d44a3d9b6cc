// sha512-crypt, by libxcrypt: $6$<salt>$<hash>, or $6$rounds=<rounds>$<salt>$<hash> (Drepper, Unix crypt
// using SHA-256 and SHA-512, 2008). Its time grows with the password's length, unlike that of the others.
// Constants, which any thread uses as stored_scheme.h says.
#pragma once

#include "credential/stored_scheme.h"

namespace latchkey::credential {

extern const StoredScheme kSha512CryptRounds;
extern const StoredScheme kSha512Crypt;

}  // namespace latchkey::credential
