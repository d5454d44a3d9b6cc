// Sessions: gives a core access to all tokens. A check reads any shard directly, without a hop. Changes to a
// token's life are made by the core that owns its shard, through the mailbox.
// Thread: its core's; one object per core.
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

/// What the Sessions of all cores share.
/// Lifetime: outlives them.
struct SessionsContext {
  const std::vector<token::Shard*>& shards;  ///< indexed by the number of the core
  const token::Keyring& keyring;
  const token::Binder& binder;
  const token::TableClock& table_clock;
  const runtime::Quiescence& quiescence;
  const ApiSettings& settings;
};

class Sessions final : public UserSessions {
 public:
  /// `port` is the core's own. Its number is that of the core and of its shard.
  Sessions(runtime::Port& port, const SessionsContext& context);

  /// The binding that a token must have to be used from `address` by `agent` (C-35).
  store::BindingHash binding(const net::IpAddress& address, std::string_view agent) const noexcept;

  /// Whether a token is admitted. Does not wait, lock or allocate.
  token::Admission check(const token::Token& token, const store::BindingHash& binding,
                         BootTime now) const noexcept;

  /// Returns a token for this user and binding: the live one, or a new one that is durable (C-13, C-21).
  runtime::Task<Result<token::Login>> login(token::LoginRequest request);

  /// Ends a token if it is alive and has this binding (C-40). Returns whether it did.
  runtime::Task<Result<bool>> end(token::Token token, store::BindingHash binding);

  /// Ends all tokens of a user and returns how many.
  runtime::Task<Result<std::size_t>> end_all(std::int64_t user_id, store::Death reason) override;

  /// Runs token::Shard::set_profile on the core that owns the user's tokens.
  runtime::Task<Result<bool>> set_profile(std::int64_t user_id, token::ProfileParts profile) override;

  /// Ends all tokens of a user except `kept`, if given, and returns how many.
  runtime::Task<Result<std::size_t>> end_all_but(std::optional<token::Token> kept, std::int64_t user_id,
                                                 store::Death reason);

  /// Runs token::Shard::end_session or live_tokens on the core that owns the user's tokens.
  /// Lifetime: the sessions passed in outlive the task.
  runtime::Task<Result<bool>> end_session(const store::Session& session);
  runtime::Task<Result<token::LiveTokens>> live_tokens(std::int64_t user_id,
                                                       const std::vector<store::Session>& sessions,
                                                       std::optional<token::Token> current);

  /// The value that a page carries beside the cookie with this token: 32 hexadecimal digits.
  std::string csrf_token(const token::Token& token) const;

  /// The tokens of all shards.
  /// Thread: this core's.
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
