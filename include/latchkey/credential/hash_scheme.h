// Password hashes as text: making them (Argon2id) and verifying a password against a stored one, by the
// scheme that the stored one names. Pure but dear: a call takes tens of milliseconds and maps the memory that
// the scheme asks for, so it runs on the hash pool's threads, or in the offline command. Any thread, after
// `sodium_init`.
//
// Read are Argon2id, and what other programs have written, which the next login replaces (needs_rehash) if it
// has verified the password whole (why_not_whole): Django's pbkdf2_sha256 and bcrypt_sha256; and of crypt(5)
// bcrypt ($2a$, $2b$, $2y$), scrypt ($7$), yescrypt ($y$) and sha512-crypt ($6$). A password with a NUL in it
// matches none of these but Argon2id and bcrypt_sha256; nor, where the scheme is one of crypt(5) and not
// bcrypt, does one over 511 bytes. bcrypt itself looks at the first 72 bytes alone, and a longer password is
// right where they are.
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
/// More lanes in a stored hash are refused; those made here have one.
inline constexpr std::uint32_t kMaxHashLanes = 16;
/// What stored hashes of other schemes may cost: some seconds. scrypt and yescrypt are held to
/// kMaxHashMemoryBytes, over all lanes.
inline constexpr std::uint32_t kMaxPbkdf2Iterations = 10'000'000;
inline constexpr std::uint32_t kMaxBcryptCost = 16;
inline constexpr std::uint32_t kMaxSha512CryptRounds = 1'000'000;
/// Of a longer password bcrypt sees no more.
inline constexpr std::size_t kMaxBcryptPasswordBytes = 72;
/// Longest stored hash that is read.
inline constexpr std::size_t kMaxStoredHashBytes = 512;
/// Longest kind of one (hash_kind).
inline constexpr std::size_t kMaxHashKindBytes = 40;

/// What new hashes cost: OWASP's first choice for Argon2id by default.
struct HashSettings {
  std::size_t memory_bytes = std::size_t{19} << 20;  ///< counted in whole KiB
  std::uint32_t passes = 2;
};

/// kInvalid where a bound is not kept, with the bounds in the text.
Result<void> check_hash_settings(const HashSettings& settings);

/// A new hash as a PHC string, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`, with a random salt. Errors:
/// kInvalid, the password is too long; kUnavailable, no memory.
Result<std::string> make_hash(std::string_view password, const HashSettings& settings);

/// kInvalid where `stored` is malformed, of a scheme that is not read, or dearer than the bounds above.
/// Cheap. The text holds nothing of the hash but its scheme's name.
Result<void> check_stored_hash(std::string_view stored);

/// The characters at the front of `stored` that say its scheme and what it costs, at most kMaxHashKindBytes
/// of ASCII: `pbkdf2_sha256$260000$`. Hashes of one kind take the same time to verify. Errors as
/// check_stored_hash.
Result<std::string_view> hash_kind(std::string_view stored);

/// How the hashes of each scheme that is read begin. One may begin with another.
std::vector<std::string_view> hash_prefixes();

/// Whether `password` is the one that `stored` was made from. Errors: kInvalid, the password is too long, or
/// `stored` does not pass check_stored_hash; kUnavailable, no memory.
Result<bool> verify_password(std::string_view password, std::string_view stored);

/// Why another password may be the one that `stored` was made from, though verify_password has found that
/// `password` is right; empty where `password` has been verified whole. Cheap.
std::string_view why_not_whole(std::string_view password, std::string_view stored);

/// Whether a login may have `password`: not empty, without NUL (C-15). Another is nobody's, whichever way it
/// comes.
bool is_password(std::string_view password) noexcept;

/// True when `stored` was made by other parameters than these, or another scheme.
bool needs_rehash(std::string_view stored, const HashSettings& settings);

}  // namespace latchkey::credential
