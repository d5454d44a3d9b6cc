// Sessions: a core's way to all tokens. A check looks into any shard from here, without a hop; what changes a
// token's life is done by the core that owns its shard, through the mailbox. One object a core thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/api/admin.h"
#include "latchkey/api/settings.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/net/address.h"
#include "latchkey/runtime/mailbox.h"
#include "latchkey/runtime/quiescence.h"
#include "latchkey/runtime/task.h"
#include "latchkey/token/binding.h"
#include "latchkey/token/format.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/registry.h"
#include "latchkey/token/shard.h"
#include "latchkey/token/table_time.h"

namespace latchkey::api {

/// What every core's Sessions share; outlives them.
struct SessionsContext {
  const std::vector<token::Shard*>& shards;  ///< of each core, by its number
  const token::Keyring& keyring;
  const token::Binder& binder;
  const token::TableClock& table_clock;
  const runtime::Quiescence& quiescence;
  const ApiSettings& settings;
};

class Sessions final : public SessionEnder {
 public:
  /// `port` is the core's own; its number is the core's, and its shard's.
  Sessions(runtime::Port& port, const SessionsContext& context);

  /// C-35: what a token used from `address` by `agent` must be bound to.
  store::BindingHash binding(const net::IpAddress& address, std::string_view agent) const noexcept;

  /// Whether a token admits. No wait, no lock, no allocation.
  token::Admission check(const token::Token& token, const store::BindingHash& binding,
                         BootTime now) const noexcept;

  /// A token for this user and binding: the one that lives, or a new one, durable (C-13, C-21).
  runtime::Task<Result<token::Login>> login(token::LoginRequest request);

  /// Ends a token, if it lives and is bound so (C-40). False where it did nothing.
  runtime::Task<Result<bool>> end(token::Token token, store::BindingHash binding);

  /// Ends all tokens of a user. Gives how many.
  runtime::Task<Result<std::size_t>> end_all(std::int64_t user_id, store::Death reason) override;

  /// Ends all tokens of a user but the kept one, if any is. Gives how many.
  runtime::Task<Result<std::size_t>> end_all_but(std::optional<token::Token> kept, std::int64_t user_id,
                                                 store::Death reason);

  /// token::Shard::end_session and live_tokens, by the core that owns the user's tokens. The sessions outlive
  /// the task.
  runtime::Task<Result<bool>> end_session(const store::Session& session);
  runtime::Task<Result<token::LiveTokens>> live_tokens(std::int64_t user_id,
                                                       const std::vector<store::Session>& sessions,
                                                       std::optional<token::Token> current);

  /// What a page shows beside the cookie with this token: 32 hexadecimal digits.
  std::string csrf_token(const token::Token& token) const;

  /// The tokens of all shards, for this core's thread.
  const token::Registry& registry() const noexcept { return registry_; }

 private:
  /// Runs `work(token::Shard&)`, which returns a Task<Result<T>>, on the core that owns the tokens with this
  /// tag.
  template <class Work>
  auto at_owner(token::Tag tag, Work work);
  template <class Work>
  auto at_owner_of(std::int64_t user_id, Work work);

  runtime::Port& port_;
  const SessionsContext& context_;
  const token::Registry registry_;
};

}  // namespace latchkey::api
