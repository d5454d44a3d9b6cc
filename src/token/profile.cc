#include "latchkey/token/profile.h"

#include "latchkey/base/percent.h"

namespace latchkey::token {

namespace {

/// A comma separates two groups, so that of a name is encoded.
bool stays_in_list(char c) noexcept { return stays_in_field(c) && c != ','; }

std::string full_name(const ProfileParts& parts) {
  const bool has_both = !parts.first_name.empty() && !parts.last_name.empty();
  return parts.first_name + (has_both ? " " : "") + parts.last_name;
}

/// What a text takes beside the object that it is in. Short ones are part of it.
std::size_t bytes_outside(const std::string& text) noexcept {
  static const std::size_t inside = std::string().capacity();
  return text.capacity() > inside ? text.capacity() + 1 : 0;
}

}  // namespace

std::unique_ptr<const Profile> Profile::make(const ProfileParts& parts) {
  const bool is_empty =
      parts.groups.empty() && parts.first_name.empty() && parts.last_name.empty() && parts.email.empty();
  return is_empty ? nullptr : std::unique_ptr<const Profile>(new Profile(parts));
}

Profile::Profile(const ProfileParts& parts)
    : groups_(parts.groups),
      header_full_name_(percent_encode(full_name(parts))),
      header_email_(percent_encode(parts.email)) {
  for (const std::string& group : groups_) {
    if (!header_groups_.empty()) header_groups_ += ',';
    append_percent_encoded(header_groups_, group, stays_in_list);
  }
}

std::size_t Profile::bytes() const noexcept {
  std::size_t bytes = sizeof *this + groups_.capacity() * sizeof(std::string);
  for (const std::string& group : groups_) bytes += bytes_outside(group);
  return bytes + bytes_outside(header_groups_) + bytes_outside(header_full_name_) +
         bytes_outside(header_email_);
}

}  // namespace latchkey::token
