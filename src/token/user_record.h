// UserRecord: a user who has several tokens, or a name out of the ordinary: who it is, in one cache line
// where the name is not long. The user's entries point to it by its number in the shard's slab. What a check
// reads never changes while the record is in use, and the record is used again only when no core can hold it
// any more. Owned by the shard; any core reads. UserView is what a check hands out, of any user.
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

/// Who a token's user is. Its texts are good as long as the check's verdict is.
class UserView {
 public:
  UserView() = default;
  UserView(std::int64_t id, std::string_view name, std::string_view header_name) noexcept
      : id_(id), name_(name), header_name_(header_name) {}

  std::int64_t id() const noexcept { return id_; }
  std::string_view name() const noexcept { return name_; }
  /// The name as a header carries it: all but visible ASCII percent-encoded, `%` too (C-36).
  std::string_view header_name() const noexcept { return header_name_; }

 private:
  std::int64_t id_ = 0;
  std::string_view name_;
  std::string_view header_name_;
};

/// True where a header carries the name as it is.
bool is_header_name(std::string_view name) noexcept;

class alignas(64) UserRecord {
 public:
  static constexpr std::size_t kMaxNameBytes = 4096;

  // Of the owner alone.
  UserTokens tokens;
  bool found_by_binding = false;  ///< each of the entries has a cell in the index by user and binding

  // --- The owner.

  /// Before any entry points here. `name` has at most kMaxNameBytes.
  void begin(std::int64_t id, Tag tag, std::string_view name);
  /// When no core can hold the record any more.
  void end() noexcept;

  // --- Any core that was led here by an entry that lives.

  std::int64_t id() const noexcept { return id_; }
  Tag tag() const noexcept { return tag_; }
  std::string_view name() const noexcept { return {text(), name_bytes_}; }
  std::string_view header_name() const noexcept {
    return header_bytes_ == 0 ? name() : std::string_view(text() + name_bytes_, header_bytes_);
  }
  UserView view() const noexcept { return {id_, name(), header_name()}; }
  /// What the record has outside its line.
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
  std::uint16_t header_bytes_ = 0;  // 0 where the header's text is the name
  std::int64_t id_ = 0;
  std::array<char, kInlineBytes> inline_{};  // name and header's text, or where they stand
};

static_assert(sizeof(UserRecord) == 64);

}  // namespace latchkey::token
