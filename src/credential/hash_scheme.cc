#include "latchkey/credential/hash_scheme.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

namespace latchkey::credential {

namespace {

constexpr std::string_view kArgon2id = "$argon2id$";
constexpr std::uint32_t kArgon2Version = 0x13;
constexpr std::size_t kBytesAKib = 1024;
constexpr std::size_t kMaxSchemeNameBytes = 32;
// What libsodium accepts at least, and far more than anybody writes.
constexpr std::uint32_t kMinKibALane = 8;
constexpr std::size_t kMinSaltBytes = 8;
constexpr std::size_t kMinDigestBytes = 16;
constexpr std::size_t kMaxPartBytes = 128;

struct Argon2Parameters {
  std::uint32_t version = 0;
  std::uint32_t memory_kib = 0;
  std::uint32_t passes = 0;
  std::uint32_t lanes = 0;
};

/// Base64 without padding, of at least `min_bytes`.
bool is_base64(std::string_view text, std::size_t min_bytes) noexcept {
  std::array<unsigned char, kMaxPartBytes> bytes{};
  std::size_t size = 0;
  const char* end = nullptr;
  return sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, &end,
                           sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
         end == text.data() + text.size() && size >= min_bytes;
}

/// Takes `name` and the number behind it from the front of `text`.
bool take_number(std::string_view& text, std::string_view name, std::uint32_t& number) noexcept {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(after - text.data()));
  return true;
}

std::optional<Argon2Parameters> read_parameters(std::string_view stored) noexcept {
  if (!stored.starts_with(kArgon2id)) return std::nullopt;
  stored.remove_prefix(kArgon2id.size());
  Argon2Parameters read;
  const bool numbered = take_number(stored, "v=", read.version) &&
                        take_number(stored, "$m=", read.memory_kib) &&
                        take_number(stored, ",t=", read.passes) && take_number(stored, ",p=", read.lanes) &&
                        stored.starts_with('$');
  if (!numbered) return std::nullopt;
  stored.remove_prefix(1);
  const std::size_t end_of_salt = stored.find('$');
  if (end_of_salt == std::string_view::npos || !is_base64(stored.substr(0, end_of_salt), kMinSaltBytes) ||
      !is_base64(stored.substr(end_of_salt + 1), kMinDigestBytes)) {
    return std::nullopt;
  }
  return read;
}

/// The name alone: `argon2id` of `$argon2id$...`, `pbkdf2_sha256` of `pbkdf2_sha256$...`.
std::string_view scheme_name(std::string_view stored) noexcept {
  if (stored.starts_with('$')) stored.remove_prefix(1);
  const std::string_view name = stored.substr(0, stored.find('$'));
  const bool is_name = name.size() < stored.size() && !name.empty() && name.size() <= kMaxSchemeNameBytes &&
                       std::all_of(name.begin(), name.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
                       });
  return is_name ? name : "none that can be told";
}

tl::unexpected<Error> unreadable(std::string_view what) {
  return failure(ErrorCode::kInvalid,
                 fmt::format("the stored password hash {}; set the user's password anew", what));
}

tl::unexpected<Error> too_long() {
  return failure(ErrorCode::kInvalid, fmt::format("the password is over {} bytes", kMaxPasswordBytes));
}

tl::unexpected<Error> no_memory() {
  return failure(
      ErrorCode::kUnavailable,
      "no memory to hash a password: lower hash_memory or hash_threads, or raise the process's limit");
}

}  // namespace

Result<void> check_hash_settings(const HashSettings& settings) {
  if (settings.memory_bytes < kMinHashMemoryBytes || settings.memory_bytes > kMaxHashMemoryBytes) {
    return failure(ErrorCode::kInvalid,
                   fmt::format("hash_memory is {} bytes: it goes from {} MiB to {} MiB",
                               settings.memory_bytes, kMinHashMemoryBytes >> 20, kMaxHashMemoryBytes >> 20));
  }
  if (settings.passes < kMinHashPasses || settings.passes > kMaxHashPasses) {
    return failure(ErrorCode::kInvalid, fmt::format("hash_passes is {}: it goes from {} to {}",
                                                    settings.passes, kMinHashPasses, kMaxHashPasses));
  }
  return {};
}

Result<std::string> make_hash(std::string_view password, const HashSettings& settings) {
  if (password.size() > kMaxPasswordBytes) return too_long();
  std::array<char, crypto_pwhash_argon2id_STRBYTES> text{};
  if (crypto_pwhash_argon2id_str(text.data(), password.data(), password.size(), settings.passes,
                                 settings.memory_bytes) != 0) {
    return no_memory();
  }
  return std::string(text.data());
}

Result<void> check_stored_hash(std::string_view stored) {
  if (stored.size() > kMaxStoredHashBytes || !stored.starts_with(kArgon2id)) {
    return unreadable(fmt::format("has a scheme that this Latchkey does not read ({})",
                                  scheme_name(stored.substr(0, kMaxStoredHashBytes))));
  }
  const std::optional<Argon2Parameters> parameters = read_parameters(stored);
  if (!parameters || parameters->version != kArgon2Version || parameters->passes == 0 ||
      parameters->lanes == 0 || parameters->memory_kib / kMinKibALane < parameters->lanes) {
    return unreadable("is malformed");
  }
  // libsodium itself would take what anybody wrote into the database, up to 4 TiB and years.
  if (parameters->memory_kib > kMaxHashMemoryBytes / kBytesAKib || parameters->passes > kMaxHashPasses ||
      parameters->lanes > kMaxHashLanes) {
    return unreadable(fmt::format("asks for more than the bounds of {} MiB, {} passes and {} lanes",
                                  kMaxHashMemoryBytes >> 20, kMaxHashPasses, kMaxHashLanes));
  }
  return {};
}

Result<bool> verify_password(std::string_view password, std::string_view stored) {
  if (password.size() > kMaxPasswordBytes) return too_long();
  if (Result<void> readable = check_stored_hash(stored); !readable) {
    return tl::unexpected(std::move(readable.error()));
  }
  const std::string terminated(stored);
  errno = 0;
  if (crypto_pwhash_argon2id_str_verify(terminated.c_str(), password.data(), password.size()) == 0)
    return true;
  // libsodium tells a wrong password from its other failures by EINVAL alone.
  if (errno == EINVAL) return false;
  if (errno == ENOMEM) return no_memory();
  return unreadable("is malformed");
}

bool needs_rehash(std::string_view stored, const HashSettings& settings) noexcept {
  const std::optional<Argon2Parameters> parameters = read_parameters(stored);
  return !parameters || parameters->version != kArgon2Version ||
         parameters->memory_kib != settings.memory_bytes / kBytesAKib ||
         parameters->passes != settings.passes || parameters->lanes != 1;
}

}  // namespace latchkey::credential
