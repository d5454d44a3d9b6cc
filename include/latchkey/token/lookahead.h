// Lookahead: prefetches the memory of the tokens in a batch of requests before the first of them is checked.
// A check among many tokens waits for memory three times, because each read says where the next one is. The
// reads of different requests do not depend on each other, so they overlap. It looks for digits alone, and so
// needs no name of a field or a cookie: whatever the cookie is called, its token is found. It is only a hint:
// a token that it overlooks, as one that is escaped, is checked all the same.
// Thread: one object per core, used by that core's thread while it is active.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "latchkey/token/registry.h"

namespace latchkey::token {

class Lookahead {
 public:
  /// How many tokens of a batch are looked at; the rest are skipped.
  static constexpr std::size_t kMaxTokens = 64;

  /// Lifetime: `registry` must outlive the object.
  explicit Lookahead(const Registry& registry) noexcept : registry_(registry) {}

  /// Takes bytes as they were received. Every run of exactly as many lower-case digits as a token has may be
  /// a token.
  /// Lifetime: `bytes` must stay valid until `fetch`.
  void see(std::string_view bytes) noexcept;
  /// Called when the batch is complete: prefetches all that its checks will read. Returns how many tokens
  /// were found; 0 for a batch of only one.
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
