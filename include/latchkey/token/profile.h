// Profile: what an application may be told about a user beyond the name: groups, full name and e-mail address
// (S-11). It is immutable. A change makes another one, which the shard that owns the user publishes in its
// place.
// Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::token {

/// What a profile is made of, as the directory had it at some moment.
struct ProfileParts {
  /// How often groups or details of the user were changed. 0: the user never had any.
  std::int64_t number = 0;
  std::vector<std::string> groups{};  ///< sorted by bytes, each once
  std::string first_name{};
  std::string last_name{};
  std::string email{};
};

class Profile {
 public:
  /// Returns null for a user without groups and details.
  static std::unique_ptr<const Profile> make(const ProfileParts& parts);

  /// Sorted by bytes.
  const std::vector<std::string>& groups() const noexcept { return groups_; }

  // For header fields, percent-encoded as `UserView::header_name` is.

  /// The groups joined by `,`. A comma in a group's name is encoded.
  std::string_view header_groups() const noexcept { return header_groups_; }
  /// First and last name, joined by a blank (%20) if there are both.
  std::string_view header_full_name() const noexcept { return header_full_name_; }
  std::string_view header_email() const noexcept { return header_email_; }

  /// The memory that it takes.
  std::size_t bytes() const noexcept;

 private:
  explicit Profile(const ProfileParts& parts);

  std::vector<std::string> groups_;
  std::string header_groups_;
  std::string header_full_name_;
  std::string header_email_;
};

}  // namespace latchkey::token
