#include "latchkey/api/sessions.h"

#include <utility>

#include "latchkey/base/hex.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

std::vector<const token::Table*> tables_of(const std::vector<token::Shard*>& shards) {
  std::vector<const token::Table*> tables;
  tables.reserve(shards.size());
  for (const token::Shard* const shard : shards) tables.push_back(&shard->table());
  return tables;
}

}  // namespace

Sessions::Sessions(runtime::Port& port, const SessionsContext& context)
    : port_(port),
      context_(context),
      registry_(tables_of(context.shards), context.quiescence, port.id(),
                &context.shards[port.id()]->writes()) {}

store::BindingHash Sessions::binding(const net::IpAddress& address, std::string_view agent) const noexcept {
  const ApiSettings& settings = context_.settings;
  const net::IpAddress masked = address.masked(settings.bind_ipv4_prefix, settings.bind_ipv6_prefix);
  return context_.binder(masked.bytes(), agent);
}

token::Admission Sessions::check(const token::Token& token, const store::BindingHash& binding,
                                 BootTime now) const noexcept {
  return registry_.check(token, binding, context_.table_clock.at(now));
}

template <class Work>
auto Sessions::at_owner(token::Tag tag, Work work) {
  const runtime::PortId owner = registry_.shard_of(tag);
  token::Shard& shard = *context_.shards[owner];
  return runtime::call_task(port_, owner,
                            [&shard, work = std::move(work)](runtime::Port&) { return work(shard); });
}

template <class Work>
auto Sessions::at_owner_of(std::int64_t user_id, Work work) {
  return at_owner(context_.keyring.tag_of(user_id), std::move(work));
}

runtime::Task<Result<token::Login>> Sessions::login(token::LoginRequest request) {
  LATCHKEY_CO_RETURN(at_owner_of(
      request.user_id, [&request](token::Shard& shard) { return shard.login(std::move(request)); }));
}

runtime::Task<Result<bool>> Sessions::end(token::Token token, store::BindingHash binding) {
  LATCHKEY_CO_RETURN(
      at_owner(token.tag(), [&token, &binding](token::Shard& shard) { return shard.end(token, binding); }));
}

runtime::Task<Result<std::size_t>> Sessions::end_all(std::int64_t user_id, store::Death reason) {
  return end_all_but(std::nullopt, user_id, reason);
}

runtime::Task<Result<std::size_t>> Sessions::end_all_but(std::optional<token::Token> kept,
                                                         std::int64_t user_id, store::Death reason) {
  LATCHKEY_CO_RETURN(at_owner_of(user_id, [&kept, user_id, reason](token::Shard& shard) {
    return shard.end_all(user_id, reason, kept);
  }));
}

runtime::Task<Result<bool>> Sessions::set_profile(std::int64_t user_id, token::ProfileParts profile) {
  const runtime::PortId owner = registry_.shard_of(context_.keyring.tag_of(user_id));
  token::Shard& shard = *context_.shards[owner];
  LATCHKEY_CO_RETURN(runtime::call(port_, owner, [&shard, user_id, &profile](runtime::Port&) {
    return shard.set_profile(user_id, profile);
  }));
}

runtime::Task<Result<bool>> Sessions::end_session(const store::Session& session) {
  LATCHKEY_CO_RETURN(
      at_owner_of(session.user_id, [&session](token::Shard& shard) { return shard.end_session(session); }));
}

runtime::Task<Result<token::LiveTokens>> Sessions::live_tokens(std::int64_t user_id,
                                                               const std::vector<store::Session>& sessions,
                                                               std::optional<token::Token> current) {
  const runtime::PortId owner = registry_.shard_of(context_.keyring.tag_of(user_id));
  const token::Shard& shard = *context_.shards[owner];
  LATCHKEY_CO_RETURN(runtime::call(port_, owner, [&shard, user_id, &sessions, &current](runtime::Port&) {
    return shard.live_tokens(user_id, sessions, current);
  }));
}

std::string Sessions::csrf_token(const token::Token& token) const {
  return to_hex(context_.keyring.csrf_hash(token));
}

}  // namespace latchkey::api
