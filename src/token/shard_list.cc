// What users may see of their tokens.
#include "latchkey/token/shard.h"

namespace latchkey::token {

LiveTokens Shard::live_tokens(std::int64_t user_id, const std::vector<store::Session>& sessions,
                              const std::optional<Token>& current) const {
  LiveTokens list;
  list.count = table_->tokens_of(user_id).count;
  const TableTime now = clock_.now();
  for (const store::Session& session : sessions) {
    const Token token = token_of(session);
    const EntryId id = table_->find(token, session.binding);
    if (id == 0) continue;
    const State state = table_->entry(id).state();
    if (state.life() != Life::kLive || table_->is_timed_out(state, now)) continue;
    list.tokens.push_back({.row = session.row,
                           .last_used = wall_time(state.last_used()),
                           .expires = wall_time(state.last_used() + settings_.timeout),
                           .is_current = current && token == *current});
  }
  return list;
}

}  // namespace latchkey::token
