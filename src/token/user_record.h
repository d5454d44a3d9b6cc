// UserRecord: a user with several tokens or an unusual name, in one cache line unless the name is long. The
// user's entries refer to it by its number in the shard's slab. What a check reads never changes while the
// record is in use, and the record is reused only when no core can hold it any more. UserView is what a check
// hands out, for any user.
// Thread: the shard owns it; any core reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "latchkey/token/format.h"
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
  UserView(std::int64_t id, std::string_view name, std::string_view header_name) noexcept
      : id_(id), name_(name), header_name_(header_name) {}

  std::int64_t id() const noexcept { return id_; }
  std::string_view name() const noexcept { return name_; }
  /// The name as a header carries it: everything but visible ASCII is percent-encoded, and so is `%` (C-36).
  std::string_view header_name() const noexcept { return header_name_; }

 private:
  std::int64_t id_ = 0;
  std::string_view name_;
  std::string_view header_name_;
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

  // --- Any core that was led here by an entry that lives.

  std::int64_t id() const noexcept { return id_; }
  Tag tag() const noexcept { return tag_; }
  std::string_view name() const noexcept { return {text(), name_bytes_}; }
  std::string_view header_name() const noexcept {
    return header_bytes_ == 0 ? name() : std::string_view(text() + name_bytes_, header_bytes_);
  }
  UserView view() const noexcept { return {id_, name(), header_name()}; }
  /// Bytes that the record has outside its cache line.
  std::size_t bytes_outside() const noexcept { return is_outside() ? text_bytes() : 0; }

 private:
  static constexpr std::size_t kInlineBytes = 32;

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
  std::uint16_t header_bytes_ = 0;  // 0 if the header's text is the name
  std::int64_t id_ = 0;
  std::array<char, kInlineBytes> inline_{};  // name and header text, or a pointer to them
};

static_assert(sizeof(UserRecord) == 64);

}  // namespace latchkey::token
