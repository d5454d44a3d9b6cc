// Django's default, by OpenSSL: pbkdf2_sha256$<iterations>$<salt>$<base64>. It is PBKDF2 with HMAC-SHA256
// (RFC 8018 §5.2) over the text of the salt, 32 bytes of it
// (django.contrib.auth.hashers.PBKDF2PasswordHasher).
// Thread: any; this is a constant, used as stored_scheme.h says.
#pragma once

#include "credential/stored_scheme.h"

namespace latchkey::credential {

extern const StoredScheme kPbkdf2Sha256;

}  // namespace latchkey::credential
