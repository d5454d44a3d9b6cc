#include "rig/rig.h"

#include <benchmark/benchmark.h>

#include <utility>
#include <vector>

#include "latchkey/http/request_parser.h"
#include "latchkey/runtime/await.h"
#include "latchkey/runtime/nursery.h"
#include "latchkey/token/lookahead.h"
#include "rig/core_parts.h"

namespace latchkey::bench {

namespace {

runtime::Task<void> keep_login(token::Shard& shard, token::LoginRequest request,
                               std::optional<Result<token::Login>>& result) {
  LATCHKEY_AWAIT(result, shard.login(std::move(request)));
}

}  // namespace

struct Rig::Parts final : CoreParts {
  explicit Parts(const RigSettings& settings)
      : CoreParts({.max_tokens = settings.max_tokens,
                   .max_tombstones = settings.max_tombstones,
                   .timeout_ms = settings.timeout_ms,
                   .pages = settings.pages}) {
    memo = api->opened({.peer = peer});
    registry = std::make_unique<token::Registry>(std::vector<const token::Table*>{&shard->table()},
                                                 shard_rig.quiescence, 0, &shard->writes());
    lookahead.emplace(*registry);
  }

  http::RequestHead head;
  std::unique_ptr<http::ConnectionMemo> memo;
  std::unique_ptr<token::Registry> registry;
  std::optional<token::Lookahead> lookahead;
  runtime::Nursery nursery;
};

Rig::Rig(const RigSettings& settings) : parts_(std::make_unique<Parts>(settings)) {}
Rig::~Rig() = default;

ManualClock& Rig::clock() noexcept { return parts_->clock; }
token::TableTime Rig::now() const noexcept { return parts_->shard_rig.table_clock.now(); }
token::Shard& Rig::shard() noexcept { return *parts_->shard; }

store::BindingHash Rig::binding(std::string_view agent) const {
  return parts_->sessions->binding(parts_->peer, agent);
}

token::Token Rig::log_in(token::LoginRequest request) {
  std::optional<Result<token::Login>> result;
  parts_->nursery.spawn(keep_login(*parts_->shard, std::move(request), result));
  return value_or_exit(std::move(*result)).token;
}

token::Token Rig::load(store::Session session) {
  session.row = parts_->store.next_row();
  session.id = parts_->random.bytes<sizeof(store::SessionId)>();
  session.key_number = parts_->keyring.signing_number();
  // Sessions are loaded while no core runs, so this core drops its references.
  parts_->shard_rig.quiescence.activate(0);
  value_or_exit(parts_->shard->load(session, now(), {}));
  return {parts_->keyring.tag_of(session.user_id), parts_->keyring.sign(session.key_number, session.id)};
}

void Rig::activate() noexcept { parts_->shard_rig.quiescence.activate(0); }

void Rig::pass() {
  parts_->shard_rig.quiescence.activate(0);
  parts_->shard->advance(now(), token::Shard::kVisitsPerPass);
  parts_->shard_rig.quiescence.collect(0);
}

unsigned Rig::look_up(const token::Token& token, const store::BindingHash& binding) {
  const token::Admission admission = parts_->registry->check(token, binding, now());
  return admission.user ? static_cast<unsigned char>(admission.user->header_name().data()[0]) : 0;
}

void Rig::look_ahead(std::span<const std::string> requests) noexcept {
  for (const std::string& request : requests) parts_->lookahead->see(request);
  parts_->lookahead->fetch();
}

void Rig::check(const std::string& bytes, std::string& output) {
  http::RequestHead& head = parts_->head;
  http::parse_request_head(bytes, 0, {}, head);
  http::ResponseWriter response(
      output, {parts_->lines, parts_->loop.now(), head.keep_alive, head.minor_version, false});
  http::Exchange exchange{head, {}, parts_->peer, parts_->memo.get(), response};
  benchmark::DoNotOptimize(parts_->api->answer_now(exchange));
}

std::string verify_request(std::string_view agent, const token::Token& token) {
  const token::Token::Digits digits = token.digits();
  std::string request = "GET /auth/verify HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: ";
  request.append(agent);
  request += "\r\nAccept: */*\r\nAuthorization: Token ";
  request.append(digits.data(), digits.size());
  return request += "\r\n\r\n";
}

}  // namespace latchkey::bench
