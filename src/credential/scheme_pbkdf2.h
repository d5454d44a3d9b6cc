// PBKDF2 (RFC 8018 §5.2), by OpenSSL, in two spellings:
//   pbkdf2_sha256$<iterations>$<salt>$<base64>            Django's default; the salt is the text itself. Also
//                                                         pbkdf2_sha1 (django.contrib.auth.hashers)
//   $pbkdf2-sha256$<iterations>$<salt>$<hash>             passlib's and Authelia's: both in base64 without
//                                                         padding and with `.` for `+`. Also $pbkdf2-sha512$,
//                                                         and $pbkdf2$ for SHA-1
// The digest has the length of the hash function's, so that no hash of a kind takes two rounds.
// Thread: any; these are constants, used as stored_scheme.h says.
#pragma once

#include "credential/stored_scheme.h"

namespace latchkey::credential {

extern const StoredScheme kPbkdf2Sha256;
extern const StoredScheme kPbkdf2Sha1;
extern const StoredScheme kModularPbkdf2Sha1;
extern const StoredScheme kModularPbkdf2Sha256;
extern const StoredScheme kModularPbkdf2Sha512;

}  // namespace latchkey::credential
