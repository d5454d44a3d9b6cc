// Registry: the tokens of all shards, as the core of a request sees them. A check takes no lock, allocates
// nothing and reads three cache lines: a cell of the index, the entry, and the user's name.
// Thread: one object per core, used by that core's thread while it is active.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "latchkey/base/assert.h"
#include "latchkey/runtime/quiescence.h"
#include "latchkey/token/format.h"
#include "latchkey/token/table.h"
#include "latchkey/token/table_time.h"
#include "token/write_behind.h"

namespace latchkey::token {

struct Admission {
  Outcome outcome = Outcome::kUnknown;
  Detail detail = Detail::kNone;
  runtime::Borrowed<UserView> user;  ///< if admitted; valid until the next `co_await`
};

class Registry {
 public:
  /// `tables[i]` belongs to shard i. `core` is the caller's own number. `writes` belongs to the caller's
  /// shard; it takes the times of last use that these checks find due. If it is nullptr, those wait until
  /// their shards look.
  /// Lifetime: all arguments must outlive the object.
  Registry(std::vector<const Table*> tables, const runtime::Quiescence& quiescence, runtime::CoreId core,
           WriteBehind* writes = nullptr)
      : tables_(std::move(tables)), quiescence_(quiescence), core_(core), writes_(writes) {
    LATCHKEY_ASSERT(!tables_.empty());
  }

  /// Checks a token (C-31, C-32). A live token is admitted until its timeout plus one second after its
  /// recorded last use, which is at most a second behind the true one (P-3).
  Admission check(const Token& token, const store::BindingHash& binding, TableTime now) const noexcept {
    const Table& table = table_of(token.tag());
    const Verdict verdict = table.check(token, binding, now);
    if (verdict.save_due != 0 && writes_ != nullptr) writes_->save(table, verdict.save_due);
    // A core at rest must not look at all, whatever it would see.
    const runtime::Borrowed<UserView> user(verdict.user, quiescence_, core_);
    return {verdict.outcome, verdict.detail,
            verdict.outcome == Outcome::kAdmitted ? user : runtime::Borrowed<UserView>()};
  }

  /// The table in which tokens with this tag are looked up.
  const Table& table_of(Tag tag) const noexcept { return *tables_[shard_of(tag)]; }

  std::uint32_t shards() const noexcept { return static_cast<std::uint32_t>(tables_.size()); }
  /// The shard whose core handles logins and deletions for this tag.
  std::uint32_t shard_of(Tag tag) const noexcept { return token::shard_of(tag, shards()); }

 private:
  const std::vector<const Table*> tables_;
  const runtime::Quiescence& quiescence_;
  const runtime::CoreId core_;
  WriteBehind* const writes_;
};

}  // namespace latchkey::token
