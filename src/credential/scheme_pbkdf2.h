// Django's default, by OpenSSL: pbkdf2_sha256$<iterations>$<salt>$<base64>, PBKDF2 with HMAC-SHA256 (RFC 8018
// §5.2) over the salt's text, 32 bytes of it (django.contrib.auth.hashers.PBKDF2PasswordHasher).
// Constants, which any thread uses as stored_scheme.h says.
#pragma once

#include "credential/stored_scheme.h"

namespace latchkey::credential {

extern const StoredScheme kPbkdf2Sha256;

}  // namespace latchkey::credential
