// Tombstones: the dead entries of a shard, kept for one timeout so that a client learns why its token no
// longer works (C-33). They form a queue in order of burial, through the links that an entry no longer needs
// for its user's list.
// Thread: owned by the shard, on its thread.
#pragma once

#include <cstddef>

#include "latchkey/token/table.h"

namespace latchkey::token {

class Tombstones {
 public:
  /// Lifetime: `table` must outlive the object.
  explicit Tombstones(Table& table) noexcept : table_(table) {}
  Tombstones(const Tombstones&) = delete;
  Tombstones& operator=(const Tombstones&) = delete;

  /// Requires: the entry is dead and has left its user.
  void bury(EntryId id) noexcept {
    table_.entry(id).set_next(0);
    if (last_ == 0) {
      first_ = id;
    } else {
      table_.entry(last_).set_next(id);
    }
    last_ = id;
    ++count_;
  }

  /// The entry that was buried first; 0 if there is none.
  EntryId first() const noexcept { return first_; }
  TableTime first_died() const noexcept { return table_.entry(first_).state().last_used(); }
  std::size_t count() const noexcept { return count_; }

  /// Removes the first entry from the table and returns its row.
  store::RowId remove_first() {
    const EntryId id = first_;
    first_ = table_.entry(id).next();
    if (first_ == 0) last_ = 0;
    --count_;
    const store::RowId row = table_.entry(id).row();
    table_.remove(id);
    return row;
  }

 private:
  Table& table_;
  EntryId first_ = 0;
  EntryId last_ = 0;
  std::size_t count_ = 0;
};

}  // namespace latchkey::token
