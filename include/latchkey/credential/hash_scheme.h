// Password hashes as text: makes them (Argon2id), and verifies a password against a stored one by the scheme
// that the stored one names. The functions are pure but expensive: a call takes tens of milliseconds and maps
// the memory that the scheme asks for. It therefore runs on the hash pool's threads or in the offline
// command.
// Requires: `sodium_init` has been called.
// Thread: any.
//
// Argon2id is read, and so are hashes that other programs have written: Argon2i; Django's pbkdf2_sha256,
// pbkdf2_sha1 and bcrypt_sha256; PBKDF2 as passlib writes it ($pbkdf2-sha256$, $pbkdf2-sha512$, $pbkdf2$);
// and from crypt(5) bcrypt ($2a$, $2b$, $2y$), scrypt ($7$), yescrypt ($y$, $gy$), sha512-crypt ($6$) and
// sha256-crypt ($5$). Digests that are fast to guess are read within Argon2id alone (wrapped_md5$ and its
// like); foreign_hash.h makes those, and reads other spellings. The next login replaces all of these
// (needs_rehash) if it has verified the password whole (why_not_whole). A password that contains a NUL
// matches only Argon2id and bcrypt_sha256 hashes. A password over 511 bytes matches no scheme of crypt(5) but
// bcrypt. bcrypt looks only at the first 72 bytes, so a longer password is right if those are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/result.h"

namespace latchkey::credential {

/// A longer password is refused and never hashed (C-15).
inline constexpr std::size_t kMaxPasswordBytes = 4096;

inline constexpr std::size_t kMinHashMemoryBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxHashMemoryBytes = std::size_t{1} << 30;
inline constexpr std::uint32_t kMinHashPasses = 1;
inline constexpr std::uint32_t kMaxHashPasses = 64;
/// A stored hash with more lanes is refused; those made here have one.
inline constexpr std::uint32_t kMaxHashLanes = 16;
/// The most that stored hashes of other schemes may cost: some seconds. scrypt and yescrypt are held to
/// kMaxHashMemoryBytes, over all lanes.
inline constexpr std::uint32_t kMaxPbkdf2Iterations = 10'000'000;
inline constexpr std::uint32_t kMaxBcryptCost = 16;
inline constexpr std::uint32_t kMaxSha512CryptRounds = 1'000'000;
/// bcrypt sees no more of a longer password.
inline constexpr std::size_t kMaxBcryptPasswordBytes = 72;
/// The longest stored hash that is read.
inline constexpr std::size_t kMaxStoredHashBytes = 512;
/// The longest kind of a stored hash (hash_kind).
inline constexpr std::size_t kMaxHashKindBytes = 40;

/// The cost of new hashes. The default is OWASP's first choice for Argon2id.
struct HashSettings {
  std::size_t memory_bytes = std::size_t{19} << 20;  ///< counted in whole KiB
  std::uint32_t passes = 2;
};

/// Errors: kInvalid if a value is out of bounds; the text names the bounds.
Result<void> check_hash_settings(const HashSettings& settings);

/// Makes a hash as a PHC string, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`, with a random salt.
/// Errors: kInvalid if the password is too long; kUnavailable if there is no memory.
Result<std::string> make_hash(std::string_view password, const HashSettings& settings);

/// Checks a stored hash; cheap.
/// Errors: kInvalid if `stored` is malformed, of a scheme that is not read, or costlier than the bounds
/// above. The text reveals nothing of the hash but the name of its scheme.
Result<void> check_stored_hash(std::string_view stored);

/// The characters at the front of `stored` that name its scheme and cost: at most kMaxHashKindBytes of ASCII,
/// as in `pbkdf2_sha256$260000$`. Hashes of one kind take the same time to verify.
/// Errors: as check_stored_hash.
Result<std::string_view> hash_kind(std::string_view stored);

/// The prefix of each scheme that is read. One prefix may begin with another.
std::vector<std::string_view> hash_prefixes();

/// The names of the schemes that are read, each once, as monitoring shows them: the same in every run.
inline constexpr std::size_t kMaxSchemes = 32;
std::vector<std::string_view> scheme_labels();
/// The place in `scheme_labels` of the scheme of `stored`; 0 if it has none that is read.
std::size_t scheme_place(std::string_view stored) noexcept;

/// Whether `password` is the one that `stored` was made from.
/// Errors: kInvalid if the password is too long or `stored` does not pass check_stored_hash; kUnavailable if
/// there is no memory.
Result<bool> verify_password(std::string_view password, std::string_view stored);

/// Given that verify_password has accepted `password`, says why another password may be the one that `stored`
/// was made from. Returns an empty text if `password` has been verified whole. Cheap.
std::string_view why_not_whole(std::string_view password, std::string_view stored);

/// Whether `password` may be used in a login: not empty, and without NUL (C-15). No user has any other,
/// however the request sends it.
bool is_password(std::string_view password) noexcept;

/// True if `stored` was made with other parameters than these, or by another scheme.
bool needs_rehash(std::string_view stored, const HashSettings& settings);

}  // namespace latchkey::credential
