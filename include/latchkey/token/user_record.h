// UserRecord: a user who has tokens, as a check hands it out: who it is, in one cache line where the name is
// of ordinary length. The user's entries point to it by its number in the shard's slab. What a check reads
// never changes while the record is in use, and the record is used again only when no core can hold it any
// more. Owned by the shard; any core reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "latchkey/token/entry.h"
#include "latchkey/token/format.h"

namespace latchkey::token {

class alignas(64) UserRecord {
 public:
  static constexpr std::size_t kMaxNameBytes = 4096;

  /// The user's live and pending entries, oldest first; of the owner alone.
  struct Tokens {
    EntryId first = 0;
    EntryId last = 0;
    std::uint32_t count = 0;
  };
  Tokens tokens;

  // --- The owner.

  /// Before any entry points here. `name` has at most kMaxNameBytes.
  void begin(std::int64_t id, Tag tag, std::string_view name);
  /// When no core can hold the record any more.
  void end() noexcept;

  // --- Any core that was led here by an entry that lives.

  std::int64_t id() const noexcept { return id_; }
  Tag tag() const noexcept { return tag_; }
  std::string_view name() const noexcept { return {text(), name_bytes_}; }
  /// The name as a header carries it: all but visible ASCII percent-encoded, `%` too (C-36).
  std::string_view header_name() const noexcept {
    return header_bytes_ == 0 ? name() : std::string_view(text() + name_bytes_, header_bytes_);
  }
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
