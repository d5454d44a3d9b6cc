#include "token/user_record.h"

#include <algorithm>

#include "latchkey/base/assert.h"

namespace latchkey::token {

namespace {

constexpr bool stays(char letter) noexcept { return letter > ' ' && letter < '\x7F' && letter != '%'; }

void encode(std::string_view name, char* out) noexcept {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char letter : name) {
    if (stays(letter)) {
      *out++ = letter;
      continue;
    }
    const auto byte = static_cast<unsigned char>(letter);
    *out++ = '%';
    *out++ = kDigits[byte >> 4];
    *out++ = kDigits[byte & 0xF];
  }
}

}  // namespace

bool is_header_name(std::string_view name) noexcept { return std::all_of(name.begin(), name.end(), stays); }

void UserRecord::begin(std::int64_t id, Tag tag, std::string_view name) {
  LATCHKEY_ASSERT(name.size() <= kMaxNameBytes);
  const auto encoded = static_cast<std::size_t>(
      std::count_if(name.begin(), name.end(), [](char letter) { return !stays(letter); }));
  tokens = {};
  found_by_binding = false;
  profile_number_ = 0;
  id_ = id;
  tag_ = tag;
  name_bytes_ = static_cast<std::uint16_t>(name.size());
  header_bytes_ = static_cast<std::uint16_t>(encoded == 0 ? 0 : name.size() + 2 * encoded);
  char* text = inline_.data();
  if (is_outside()) {
    text = new char[text_bytes()];
    std::memcpy(inline_.data(), &text, sizeof text);
  }
  std::copy(name.begin(), name.end(), text);
  if (encoded != 0) encode(name, text + name.size());
}

void UserRecord::end() noexcept {
  if (is_outside()) delete[] outside();
  delete profile_.exchange(nullptr, std::memory_order_relaxed);
  name_bytes_ = 0;
  header_bytes_ = 0;
}

std::unique_ptr<const Profile> UserRecord::replace_profile(std::int64_t number,
                                                           std::unique_ptr<const Profile> profile) noexcept {
  profile_number_ = low_bits(number);
  return std::unique_ptr<const Profile>(profile_.exchange(profile.release(), std::memory_order_acq_rel));
}

}  // namespace latchkey::token
