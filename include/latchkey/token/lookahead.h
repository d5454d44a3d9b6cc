// Lookahead: asks for the memory of the tokens that a batch of requests carries before the first of them is
// checked. A check among many tokens waits for three reads of memory, each of which says where the next one
// is; those of different requests do not depend on each other, and overlap. A hint only: whatever it
// overlooks is checked all the same. One object a core, used by that core's thread while it is active.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "latchkey/token/registry.h"

namespace latchkey::token {

class Lookahead {
 public:
  /// Tokens of a batch that are looked at; those past it are not.
  static constexpr std::size_t kMaxTokens = 64;

  /// `registry` outlives the object.
  explicit Lookahead(const Registry& registry) noexcept : registry_(registry) {}

  /// Bytes as they were received, which stay until `fetch`: every run of exactly as many lower-case digits as
  /// a token has may be one.
  void see(std::string_view bytes) noexcept;
  /// The batch is whole: asks for all that its checks will read. Of how many tokens there was something to
  /// ask for; 0 where the batch has one alone.
  std::size_t fetch() noexcept;

 private:
  struct Seen {
    const Table* table;
    std::uint64_t hash;
    EntryId entry;
  };

  void see_token(std::string_view digits) noexcept;

  const Registry& registry_;
  std::string_view last_;  // in the bytes of this batch
  std::size_t count_ = 0;
  std::array<Seen, kMaxTokens> seen_;
};

}  // namespace latchkey::token
