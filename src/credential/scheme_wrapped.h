// A fast digest within Argon2id, so that nothing fast lies on disk:
//   wrapped_<digest>$m=19456,t=2,p=1$<old salt>$<salt>$<hash>
// It is Argon2id of the text of a digest (credential/old_digest.h); the old salt is in hexadecimal digits,
// the rest as in a PHC string. The next login replaces it.
// Thread: any; as stored_scheme.h says.
#pragma once

#include <string>
#include <string_view>

#include "credential/old_digest.h"
#include "credential/stored_scheme.h"
#include "latchkey/credential/hash_scheme.h"

namespace latchkey::credential {

extern const StoredScheme kWrappedDes;
extern const StoredScheme kWrapped;

/// A digest as another program stored it.
struct OldHash {
  OldDigest digest;
  std::string salt;
  std::string text;  ///< as digest_text makes it
};

/// Errors: kInvalid if salt or text are none that the digest makes.
Result<void> check_old_hash(const OldHash& old);

/// The hash to store in its place, with a random salt of its own. Expensive, as make_hash is.
/// Requires: `old` has passed check_old_hash.
/// Errors: kUnavailable if there is no memory.
Result<std::string> wrap(const OldHash& old, const HashSettings& settings);

}  // namespace latchkey::credential
