#include "credential/scheme_argon2id.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "latchkey/base/utf8.h"
#include "latchkey/credential/hash_scheme.h"

namespace latchkey::credential {

namespace {

constexpr std::string_view kPrefixOfId = "$argon2id$";
constexpr std::string_view kPrefixOfI = "$argon2i$";
constexpr std::uint32_t kVersion = 0x13;
constexpr std::size_t kBytesPerKib = 1024;
// The least that libsodium accepts, and far more than anybody writes.
constexpr std::uint32_t kMinKibPerLane = 8;
constexpr std::size_t kMinSaltBytes = 8;
constexpr std::size_t kMinDigestBytes = 16;
constexpr std::size_t kMaxPartBytes = 128;

struct Parameters {
  std::uint32_t version = 0;
  std::uint32_t memory_kib = 0;
  std::uint32_t passes = 0;
  std::uint32_t lanes = 0;
  std::size_t end = 0;  ///< after the `$` that follows them
};

/// Whether `text` is base64 without padding, of at least `min_bytes`.
bool is_base64(std::string_view text, std::size_t min_bytes) noexcept {
  std::array<unsigned char, kMaxPartBytes> bytes{};
  std::size_t size = 0;
  const char* end = nullptr;
  return is_ascii(text) &&
         sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, &end,
                           sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
         end == text.data() + text.size() && size >= min_bytes;
}

/// Removes `name` and the number after it from the front of `text`.
bool take_parameter(std::string_view& text, std::string_view name, std::uint32_t& number) noexcept {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  return take_number(text, number);
}

/// Requires: `stored` begins with `prefix`.
std::optional<Parameters> read_parameters(std::string_view stored, std::string_view prefix) noexcept {
  const std::size_t whole_size = stored.size();
  stored.remove_prefix(prefix.size());
  Parameters read;
  const bool numbered = take_parameter(stored, "v=", read.version) &&
                        take_parameter(stored, "$m=", read.memory_kib) &&
                        take_parameter(stored, ",t=", read.passes) &&
                        take_parameter(stored, ",p=", read.lanes) && stored.starts_with('$');
  if (!numbered) return std::nullopt;
  stored.remove_prefix(1);
  read.end = whole_size - stored.size();
  const std::size_t end_of_salt = stored.find('$');
  if (end_of_salt == std::string_view::npos || !is_base64(stored.substr(0, end_of_salt), kMinSaltBytes) ||
      !is_base64(stored.substr(end_of_salt + 1), kMinDigestBytes)) {
    return std::nullopt;
  }
  return read;
}

Result<std::size_t> check(std::string_view stored, std::string_view prefix) {
  const std::optional<Parameters> parameters = read_parameters(stored, prefix);
  if (!parameters || parameters->version != kVersion || parameters->passes == 0 || parameters->lanes == 0 ||
      parameters->memory_kib / kMinKibPerLane < parameters->lanes) {
    return malformed_hash();
  }
  // libsodium itself would accept whatever somebody wrote into the database, up to 4 TiB and years.
  if (parameters->memory_kib > kMaxHashMemoryBytes / kBytesPerKib || parameters->passes > kMaxHashPasses ||
      parameters->lanes > kMaxHashLanes) {
    return hash_too_dear(fmt::format("{} MiB, {} passes and {} lanes", kMaxHashMemoryBytes >> 20,
                                     kMaxHashPasses, kMaxHashLanes));
  }
  return parameters->end;
}

Result<std::size_t> check_id(std::string_view stored) { return check(stored, kPrefixOfId); }
Result<std::size_t> check_i(std::string_view stored) { return check(stored, kPrefixOfI); }

using Library = int (*)(const char* stored, const char* password, unsigned long long password_bytes);

Result<bool> verify(std::string_view password, std::string_view stored, Library library) {
  const std::string terminated(stored);
  errno = 0;
  if (library(terminated.c_str(), password.data(), password.size()) == 0) return true;
  // libsodium distinguishes a wrong password from its other failures by EINVAL alone.
  if (errno == EINVAL) return false;
  if (errno == ENOMEM) return no_hash_memory();
  return malformed_hash();
}

Result<bool> verify_id(std::string_view password, std::string_view stored) {
  return verify(password, stored, crypto_pwhash_argon2id_str_verify);
}
Result<bool> verify_i(std::string_view password, std::string_view stored) {
  return verify(password, stored, crypto_pwhash_argon2i_str_verify);
}

}  // namespace

const StoredScheme kArgon2id{"argon2id", kPrefixOfId, check_id, verify_id, PasswordReach::kWhole};
const StoredScheme kArgon2i{"argon2i", kPrefixOfI, check_i, verify_i, PasswordReach::kWhole};

}  // namespace latchkey::credential
