#include "token/user_record.h"

#include <algorithm>
#include <string>

#include "latchkey/base/assert.h"
#include "latchkey/base/percent.h"

namespace latchkey::token {

bool is_header_name(std::string_view name) noexcept { return percent_encoded_bytes(name) == name.size(); }

void UserRecord::begin(std::int64_t id, Tag tag, std::string_view name) {
  LATCHKEY_ASSERT(name.size() <= kMaxNameBytes);
  const std::string header = is_header_name(name) ? std::string() : percent_encode(name);
  tokens = {};
  found_by_binding = false;
  profile_number_ = 0;
  id_ = id;
  tag_ = tag;
  name_bytes_ = static_cast<std::uint16_t>(name.size());
  header_bytes_ = static_cast<std::uint16_t>(header.size());
  char* text = inline_.data();
  if (is_outside()) {
    text = new char[text_bytes()];
    std::memcpy(inline_.data(), &text, sizeof text);
  }
  std::copy(header.begin(), header.end(), std::copy(name.begin(), name.end(), text));
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
