// bcrypt, by libxcrypt: $2b$<cost>$<salt and hash>. Django's variant is bcrypt_sha256$$2b$...: bcrypt over
// the hex digits of the password's SHA-256, so that its 72 bytes hold a password of any length
// (django.contrib.auth.hashers.BCryptSHA256PasswordHasher). $2a$ and $2y$ are the same scheme under other
// names. $2x$ marks hashes of a faulty implementation and is not read (crypt(5)).
// Thread: any; these are constants, used as stored_scheme.h says.
#pragma once

#include "credential/stored_scheme.h"

namespace latchkey::credential {

extern const StoredScheme kBcryptA;
extern const StoredScheme kBcryptB;
extern const StoredScheme kBcryptY;
extern const StoredScheme kBcryptSha256;

}  // namespace latchkey::credential
