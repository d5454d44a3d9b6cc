// The users who have tokens. A slot is what a user's entries point to; its record is what a check hands out:
// immutable, replaced never, and freed when no core can hold it any more after the user's last token has
// gone. The owner of the shard writes; any core follows a slot to its record.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "latchkey/token/entry.h"
#include "latchkey/token/format.h"

namespace latchkey::token {

/// One block of memory holds the record and its two texts.
class UserRecord {
 public:
  static constexpr std::size_t kMaxNameBytes = 4096;

  /// `name` has at most kMaxNameBytes. The caller owns the record until it calls `destroy`.
  static UserRecord* create(std::int64_t id, Tag tag, std::string_view name);
  static void destroy(UserRecord* record) noexcept;
  UserRecord(const UserRecord&) = delete;
  UserRecord& operator=(const UserRecord&) = delete;

  std::int64_t id() const noexcept { return id_; }
  Tag tag() const noexcept { return tag_; }
  std::string_view name() const noexcept { return {text(), name_bytes_}; }
  /// The name as a header carries it: all but visible ASCII percent-encoded, `%` too (C-36).
  std::string_view header_name() const noexcept {
    return header_bytes_ == 0 ? name() : std::string_view(text() + name_bytes_, header_bytes_);
  }
  std::size_t bytes() const noexcept { return sizeof(UserRecord) + name_bytes_ + header_bytes_; }

 private:
  UserRecord(std::int64_t id, Tag tag, std::size_t name_bytes, std::size_t header_bytes) noexcept
      : id_(id),
        tag_(tag),
        name_bytes_(static_cast<std::uint16_t>(name_bytes)),
        header_bytes_(static_cast<std::uint16_t>(header_bytes)) {}
  ~UserRecord() = default;

  const char* text() const noexcept { return reinterpret_cast<const char*>(this) + sizeof(UserRecord); }

  const std::int64_t id_;
  const Tag tag_;
  const std::uint16_t name_bytes_;
  const std::uint16_t header_bytes_;  // 0 where the header's text is the name
};

static_assert(sizeof(UserRecord) == 16);

struct UserSlot {
  std::atomic<UserRecord*> record{nullptr};
  // The user's live and pending entries, oldest first; of the owner alone.
  EntryId first = 0;
  EntryId last = 0;
  std::uint32_t count = 0;
};

static_assert(sizeof(UserSlot) == 24);

}  // namespace latchkey::token
