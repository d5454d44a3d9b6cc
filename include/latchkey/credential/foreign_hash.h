// ForeignHash: a password's hash as other programs write it, brought into the form that is stored here.
// Django's own spellings, LDAP's `{SCHEME}` and crypt(5) are read. A hash that is fast to guess is wrapped in
// Argon2id (wrapped_apr1$... and its like, hash_scheme.h), so it is never stored as it is.
// Requires: `sodium_init` has been called.
// Thread: any; all are pure functions. to_store may take as long as a login.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/credential/hash_scheme.h"

namespace latchkey::credential {

class ForeignHash {
 public:
  /// Reads a hash without a line end. Cheap.
  /// Errors: kInvalid if it is malformed, of a scheme that is not read, costlier than the bounds, or a
  /// password in clear text. The text reveals nothing of the hash but the name of its scheme.
  static Result<ForeignHash> read(std::string_view given);

  /// The name of a fast scheme, such as `apr1`; empty if the hash is stored as it is.
  std::string_view weak() const noexcept { return weak_; }

  /// The hash to store. For a weak one, Argon2id of it with these settings.
  /// Errors: kUnavailable if there is no memory.
  Result<std::string> to_store(const HashSettings& settings = {}) const;

 private:
  ForeignHash() = default;

  std::string stored_;     ///< empty for a weak hash
  std::string_view weak_;  ///< a constant
  std::string salt_;       ///< the rest for a weak one alone
  std::string digest_;
};

}  // namespace latchkey::credential
