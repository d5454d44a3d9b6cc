// scrypt (RFC 7914) and its successor yescrypt, by libxcrypt:
//   $7$<N><r, 5 digits><p, 5 digits><salt>$<hash>   N by its binary logarithm, one digit
//   $y$<flavor><N><r>$<salt>$<hash>                 each one digit; $gy$ with GOST's hash over it
// as crypt(5) writes them. Of yescrypt's parameters, only those that crypt_gensalt(3) writes are read; the
// optional ones after them are refused.
// Thread: any; these are constants, used as stored_scheme.h says.
#pragma once

#include "credential/stored_scheme.h"

namespace latchkey::credential {

extern const StoredScheme kScrypt;
extern const StoredScheme kYescrypt;
extern const StoredScheme kGostYescrypt;

}  // namespace latchkey::credential
