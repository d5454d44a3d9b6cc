// UserRecord: a user with several tokens or an unusual name, in one cache line unless the name is long. The
// user's entries refer to it by its number in the shard's slab. What a check reads never changes while the
// record is in use, but for the profile, which the owner replaces whole; and the record is reused only when
// no core can hold it any more. UserView is what a check hands out, for any user. Thread: the shard owns it;
// any core reads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "latchkey/token/format.h"
#include "latchkey/token/profile.h"
#include "token/entry.h"

namespace latchkey::token {

/// The user's live and pending entries, oldest first.
struct UserTokens {
  EntryId first = 0;
  EntryId last = 0;
  std::uint32_t count = 0;
};

/// A token's user. Its texts are valid as long as the check's verdict is.
class UserView {
 public:
  UserView() = default;
  UserView(std::int64_t id, std::string_view name, std::string_view header_name,
           const Profile* profile = nullptr) noexcept
      : id_(id), name_(name), header_name_(header_name), profile_(profile) {}

  std::int64_t id() const noexcept { return id_; }
  std::string_view name() const noexcept { return name_; }
  /// The name as a header carries it: everything but visible ASCII is percent-encoded, and so is `%` (C-36).
  std::string_view header_name() const noexcept { return header_name_; }
  /// Groups and details as of the check; null for a user who has none. It is valid as long as the texts.
  const Profile* profile() const noexcept { return profile_; }

 private:
  std::int64_t id_ = 0;
  std::string_view name_;
  std::string_view header_name_;
  const Profile* profile_ = nullptr;
};

/// True if a header carries the name as it is.
bool is_header_name(std::string_view name) noexcept;

class alignas(64) UserRecord {
 public:
  static constexpr std::size_t kMaxNameBytes = 4096;

  // For the owner alone.
  UserTokens tokens;
  bool found_by_binding = false;  ///< each entry has a cell in the index by user and binding

  // --- The owner.

  /// Requires: no entry refers to the record yet; `name` has at most kMaxNameBytes.
  void begin(std::int64_t id, Tag tag, std::string_view name);
  /// Requires: no core can hold the record any more.
  void end() noexcept;

  /// Whether a profile of this number is newer than the one that the record has or had last.
  bool is_newer(std::int64_t number) const noexcept {
    return static_cast<std::int32_t>(low_bits(number) - profile_number_) > 0;
  }
  /// Publishes a profile to every core and returns the former one, which a core may hold until its pass ends.
  std::unique_ptr<const Profile> replace_profile(std::int64_t number,
                                                 std::unique_ptr<const Profile> profile) noexcept;

  // --- Any core that was led here by an entry that lives.

  std::int64_t id() const noexcept { return id_; }
  Tag tag() const noexcept { return tag_; }
  std::string_view name() const noexcept { return {text(), name_bytes_}; }
  std::string_view header_name() const noexcept {
    return header_bytes_ == 0 ? name() : std::string_view(text() + name_bytes_, header_bytes_);
  }
  const Profile* profile() const noexcept { return profile_.load(std::memory_order_acquire); }
  UserView view() const noexcept { return {id_, name(), header_name(), profile()}; }
  /// Bytes that the record has outside its cache line.
  std::size_t bytes_outside() const noexcept {
    const Profile* const details = profile();
    return (is_outside() ? text_bytes() : 0) + (details == nullptr ? 0 : details->bytes());
  }

 private:
  static constexpr std::size_t kInlineBytes = 24;

  static constexpr std::uint32_t low_bits(std::int64_t number) noexcept {
    return static_cast<std::uint32_t>(number);
  }
  std::size_t text_bytes() const noexcept { return std::size_t{name_bytes_} + header_bytes_; }
  bool is_outside() const noexcept { return text_bytes() > kInlineBytes; }
  const char* text() const noexcept { return is_outside() ? outside() : inline_.data(); }
  char* outside() const noexcept {
    char* text = nullptr;
    std::memcpy(&text, inline_.data(), sizeof text);
    return text;
  }

  Tag tag_ = 0;
  std::uint16_t name_bytes_ = 0;
  std::uint16_t header_bytes_ = 0;    // 0 if the header's text is the name
  std::uint32_t profile_number_ = 0;  // the owner's: the low bits of the last profile's number
  std::int64_t id_ = 0;
  std::atomic<const Profile*> profile_{nullptr};
  std::array<char, kInlineBytes> inline_{};  // name and header text, or a pointer to them
};

static_assert(sizeof(UserRecord) == 64);

}  // namespace latchkey::token
