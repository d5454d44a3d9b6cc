// What a user may see of his tokens.
#include "latchkey/token/shard.h"

namespace latchkey::token {

LiveTokens Shard::live_tokens(std::int64_t user_id, store::RowId before, std::size_t limit,
                              const std::optional<Token>& current) const {
  LiveTokens list;
  const UserId user = table_->find_user(user_id);
  if (user == 0) return list;
  list.count = table_->user(user).tokens.count;
  const TableTime now = clock_.now();
  for (EntryId id = table_->user(user).tokens.last; id != 0; id = table_->entry(id).previous()) {
    const Entry& entry = table_->entry(id);
    const State state = entry.state();
    const bool is_live = state.life() == Life::kLive && !table_->is_timed_out(state, now);
    if (!is_live) {
      // It counts no longer, or not yet.
      --list.count;
      continue;
    }
    if (entry.row() >= before) continue;
    if (list.tokens.size() == limit) {
      list.has_more = true;
      break;
    }
    list.tokens.push_back({.row = entry.row(),
                           .last_used = wall_time(state.last_used()),
                           .expires = wall_time({state.last_used().ms + settings_.timeout_ms}),
                           .is_current = current && table_->token_of(id) == *current});
  }
  return list;
}

}  // namespace latchkey::token
