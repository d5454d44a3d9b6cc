#include "latchkey/api/sessions.h"

#include <utility>

#include "latchkey/base/hex.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

// A call to another core gives a result of a result: the way there, and what was done there.
template <class T>
Result<T> flattened(Result<Result<T>> nested) {
  LATCHKEY_TRY(Result<T> result, std::move(nested));
  return result;
}

std::optional<token::Token> token_of(const std::optional<http::TokenBytes>& bytes) {
  return bytes ? std::optional<token::Token>(*bytes) : std::nullopt;
}

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

token::Admission Sessions::check(const http::TokenBytes& token, const store::BindingHash& binding,
                                 BootTime now) const noexcept {
  return registry_.check(token::Token(token), binding, context_.table_clock.at(now));
}

runtime::Task<Result<token::Login>> Sessions::login(token::LoginRequest request) {
  const runtime::PortId owner = owner_of(request.user_id);
  token::Shard& shard = *context_.shards[owner];
  LATCHKEY_AWAIT(Result<Result<token::Login>> login,
                 runtime::call_task(port_, owner, [&shard, &request](runtime::Port&) {
                   return shard.login(std::move(request));
                 }));
  co_return flattened(std::move(login));
}

runtime::Task<Result<bool>> Sessions::end(http::TokenBytes token, store::BindingHash binding) {
  const token::Token ended(token);
  const runtime::PortId owner = registry_.shard_of(ended.tag());
  token::Shard& shard = *context_.shards[owner];
  LATCHKEY_AWAIT(Result<Result<bool>> result,
                 runtime::call_task(port_, owner, [&shard, &ended, &binding](runtime::Port&) {
                   return shard.end(ended, binding);
                 }));
  co_return flattened(std::move(result));
}

runtime::Task<Result<std::size_t>> Sessions::end_all(std::int64_t user_id, store::Death reason) {
  return end_all_but(std::nullopt, user_id, reason);
}

runtime::Task<Result<std::size_t>> Sessions::end_all_but(std::optional<http::TokenBytes> kept,
                                                         std::int64_t user_id, store::Death reason) {
  const runtime::PortId owner = owner_of(user_id);
  token::Shard& shard = *context_.shards[owner];
  const std::optional<token::Token> token = token_of(kept);
  LATCHKEY_AWAIT(Result<Result<std::size_t>> result,
                 runtime::call_task(port_, owner, [&shard, user_id, reason, &token](runtime::Port&) {
                   return shard.end_all(user_id, reason, token);
                 }));
  co_return flattened(std::move(result));
}

runtime::Task<Result<bool>> Sessions::end_session(const store::Session& session) {
  const runtime::PortId owner = owner_of(session.user_id);
  token::Shard& shard = *context_.shards[owner];
  LATCHKEY_AWAIT(Result<Result<bool>> result,
                 runtime::call_task(port_, owner, [&shard, &session](runtime::Port&) {
                   return shard.end_session(session);
                 }));
  co_return flattened(std::move(result));
}

runtime::Task<Result<token::LiveTokens>> Sessions::live_tokens(std::int64_t user_id,
                                                               const std::vector<store::Session>& sessions,
                                                               std::optional<http::TokenBytes> current) {
  const runtime::PortId owner = owner_of(user_id);
  const token::Shard& shard = *context_.shards[owner];
  const std::optional<token::Token> own = token_of(current);
  LATCHKEY_CO_RETURN(runtime::call(port_, owner, [&shard, user_id, &sessions, &own](runtime::Port&) {
    return shard.live_tokens(user_id, sessions, own);
  }));
}

std::string Sessions::csrf_token(const http::TokenBytes& token) const {
  return to_hex(context_.keyring.csrf_hash(token::Token(token)));
}

runtime::PortId Sessions::owner_of(std::int64_t user_id) const noexcept {
  return registry_.shard_of(context_.keyring.tag_of(user_id));
}

}  // namespace latchkey::api
