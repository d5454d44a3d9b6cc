#include "credential/scheme_scrypt.h"

#include <fmt/format.h>

#include "credential/crypt_library.h"
#include "latchkey/credential/hash_scheme.h"

namespace latchkey::credential {

namespace {

constexpr std::size_t kDigestCharacters = 43;
constexpr unsigned kBitsPerDigit = 6;
// The least that libxcrypt accepts.
constexpr unsigned kMinScryptLogN = 2;
constexpr unsigned kMinYescryptLogN = 3;
constexpr std::size_t kBytesPerBlock = 128;

constexpr std::string_view kScryptPrefix = "$7$";
constexpr std::size_t kNumberDigits = 5;
constexpr std::size_t kMaxSaltCharacters = 86;

constexpr std::string_view kYescryptPrefix = "$y$";
constexpr std::string_view kGostYescryptPrefix = "$gy$";
constexpr std::size_t kYescryptNumbers = std::string_view("j9T$").size();
/// YESCRYPT_DEFAULTS, the only flavor in use.
constexpr char kFlavor = 'j';
/// From this value on, another digit continues the number.
constexpr unsigned kManyDigits = 48;

/// Reads `text` as a base 64 salt and a digest after a `$`; stores the salt.
bool take_digest(std::string_view text, std::string_view& salt) noexcept {
  const std::size_t end = text.find('$');
  if (end == std::string_view::npos || end > kMaxSaltCharacters) return false;
  salt = text.substr(0, end);
  const std::string_view digest = text.substr(end + 1);
  return is_crypt_base64(salt) && digest.size() == kDigestCharacters && is_crypt_base64(digest);
}

/// The work is the memory times the lanes, because `lanes` run one after another.
Result<void> check_work(unsigned log_n, std::size_t blocks, std::size_t lanes) {
  const std::size_t max = kMaxHashMemoryBytes / kBytesPerBlock;
  // Each factor is checked by itself first, so that the product cannot overflow.
  if ((max >> log_n) == 0 || blocks > max || lanes > kMaxHashLanes || blocks * lanes > (max >> log_n)) {
    return hash_too_dear(
        fmt::format("{} MiB over all lanes and {} lanes", kMaxHashMemoryBytes >> 20, kMaxHashLanes));
  }
  return {};
}

std::size_t little_endian_number(std::string_view digits) noexcept {
  std::size_t number = 0;
  for (std::size_t i = digits.size(); i-- > 0;) number = number << kBitsPerDigit | crypt_digit(digits[i]);
  return number;
}

Result<std::size_t> check_scrypt(std::string_view stored) {
  const std::size_t kind = kScryptPrefix.size() + 1 + 2 * kNumberDigits;
  if (stored.size() < kind || !is_crypt_base64(stored.substr(kScryptPrefix.size(), 1 + 2 * kNumberDigits)))
    return malformed_hash();
  const unsigned log_n = crypt_digit(stored[kScryptPrefix.size()]);
  const std::size_t blocks = little_endian_number(stored.substr(kScryptPrefix.size() + 1, kNumberDigits));
  const std::size_t lanes =
      little_endian_number(stored.substr(kScryptPrefix.size() + 1 + kNumberDigits, kNumberDigits));
  std::string_view salt;
  if (log_n < kMinScryptLogN || blocks == 0 || lanes == 0 || !take_digest(stored.substr(kind), salt))
    return malformed_hash();
  LATCHKEY_TRY(check_work(log_n, blocks, lanes));
  return kind;
}

/// Whether the bits of the salt's last digit that belong to no byte are zeros; otherwise libxcrypt rejects
/// it.
bool is_whole_bytes(std::string_view salt) noexcept {
  switch (salt.size() % 4) {
    case 0:
      return true;
    case 2:
      return crypt_digit(salt.back()) < 4;
    case 3:
      return crypt_digit(salt.back()) < 16;
    default:
      return false;
  }
}

template <const std::string_view& kPrefix>
Result<std::size_t> check_yescrypt(std::string_view stored) {
  const std::size_t kind = kPrefix.size() + kYescryptNumbers;
  const std::string_view numbers = stored.substr(kPrefix.size(), kYescryptNumbers);
  if (numbers.size() < kYescryptNumbers || numbers[0] != kFlavor || numbers[3] != '$')
    return malformed_hash();
  // Each is written minus its least value, one.
  const unsigned log_n = crypt_digit(numbers[1]) + 1;
  const unsigned blocks = crypt_digit(numbers[2]) + 1;
  std::string_view salt;
  if (log_n < kMinYescryptLogN || log_n > kManyDigits || blocks > kManyDigits ||
      !take_digest(stored.substr(kind), salt) || !is_whole_bytes(salt)) {
    return malformed_hash();
  }
  LATCHKEY_TRY(check_work(log_n, blocks, 1));
  return kind;
}

}  // namespace

const StoredScheme kScrypt{"scrypt ($7$)", kScryptPrefix, check_scrypt, verify_by_crypt,
                           PasswordReach::kHmacSha256Key};
const StoredScheme kYescrypt{"yescrypt ($y$)", kYescryptPrefix, check_yescrypt<kYescryptPrefix>,
                             verify_by_crypt, PasswordReach::kWhole};
const StoredScheme kGostYescrypt{"gost-yescrypt ($gy$)", kGostYescryptPrefix,
                                 check_yescrypt<kGostYescryptPrefix>, verify_by_crypt, PasswordReach::kWhole};

}  // namespace latchkey::credential
