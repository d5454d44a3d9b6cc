#include "api/me_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "latchkey/api/answers.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/base/time_text.h"
#include "latchkey/http/negotiation.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

namespace {

constexpr AnswerDescription kListed[] = {
    {200, "The live tokens, newest first, a page at a time.", "Tokens"},
    {400, "`before` is not the id of a token.", "Detail"},
};
constexpr ParameterDescription kListParameters[] = {
    {"before", "The id of a token: those that are older are listed."},
};
constexpr AnswerDescription kEndedAll[] = {
    {204, "All of the user's tokens are dead, the one of this request too.", {}},
    {503, "The deletion could not be made durable yet.", "Detail"},
};
constexpr OperationDescription kListOperations[] = {
    {http::Method::kGet, "GET", "The user's live tokens", Access::kUser, {}, {}, kListed, kListParameters},
    {http::Method::kDelete, "DELETE", "End all of the user's tokens", Access::kUser, {}, {}, kEndedAll},
};
constexpr ResourceDescription kListDescription = {
    .name = "My Tokens",
    .text =
        "The live tokens of the user, newest first: where they came from, when they were made and last used. "
        "Tokens "
        "themselves are not shown again.\n\n"
        "A page has 100 of them; `next` leads to the one after. DELETE ends all of them, the one of the "
        "request too.",
    .operations = kListOperations,
};

constexpr AnswerDescription kEndedOne[] = {
    {204, "The token is dead.", {}},
    {404, "The user has no live token of this id.", "Detail"},
    {503, "The deletion could not be made durable yet.", "Detail"},
};
constexpr OperationDescription kItemOperations[] = {
    {http::Method::kDelete, "DELETE", "End one of the user's tokens", Access::kUser, {}, {}, kEndedOne},
};
constexpr ResourceDescription kItemDescription = {
    .name = "My Token",
    .text = "One live token of the user. DELETE ends it.",
    .operations = kItemOperations,
};

/// A token's id is its row: 1 to kMaxRowId, in digits without leading zeros. 0, which is no row, for any
/// other text.
store::RowId parse_id(std::string_view text) noexcept {
  store::RowId id = 0;
  if (text.starts_with('0')) return id;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool is_id =
      error == std::errc{} && end == text.data() + text.size() && id >= 1 && id <= store::kMaxRowId;
  return is_id ? id : 0;
}

void write_token(JsonWriter& json, const token::LiveToken& live, const store::Session& session) {
  json.begin_object();
  json.member("id", live.row);
  json.member("created", to_rfc3339(session.created));
  json.member("last_used", to_rfc3339(live.last_used));
  json.member("expires", to_rfc3339(live.expires));
  json.member("address", session.address);
  json.member("agent", session.agent);
  json.member("current", live.is_current);
  json.end();
}

/// `live` has some of `sessions`, in their order. `has_more`: the store has older ones.
std::string tokens_json(const std::vector<store::Session>& sessions, bool has_more,
                        const token::LiveTokens& live) {
  JsonWriter json;
  json.begin_object();
  json.member("count", live.count);
  if (has_more) {
    json.member("next", fmt::format("{}?before={}", kMyTokensPath.text(), sessions.back().row));
  } else {
    json.member("next", nullptr);
  }
  json.member("previous", nullptr);
  json.begin_array("results");
  auto session = sessions.begin();
  for (const token::LiveToken& token : live.tokens) {
    while (session->row != token.row) ++session;
    write_token(json, token, *session);
  }
  json.end();
  json.end();
  return json.take();
}

}  // namespace

MyTokensResource::MyTokensResource(Services& services) : Resource(kListDescription), services_(services) {}

bool MyTokensResource::answer_now(http::Exchange&, ConnectionBinding&) { return false; }

runtime::Task<void> MyTokensResource::answer(http::Exchange& exchange, ConnectionBinding& binding) {
  LATCHKEY_AWAIT(Caller caller, identify(exchange, binding, allow(), services_));
  if (caller.user_id == 0) co_return;
  LATCHKEY_AWAIT(exchange.head.method == http::Method::kDelete ? end_all(exchange, std::move(caller))
                                                               : list(exchange, std::move(caller)));
}

runtime::Task<void> MyTokensResource::list(http::Exchange& exchange, Caller caller) {
  store::RowId before = store::kMaxRowId + 1;
  if (const auto text = http::find_query_parameter(exchange.head.query, "before"); text) {
    before = parse_id(*text);
    if (before == 0) {
      answer_detail(exchange.response, 400, allow(), "The parameter before is not the id of a token.",
                    services_.now());
      co_return;
    }
  }
  LATCHKEY_AWAIT(Result<std::vector<store::Session>> sessions,
                 services_.store.newest_sessions_of(caller.user_id, before, kTokensAPage + 1));
  if (!sessions) {
    answer_unavailable(exchange.response, allow(), sessions.error(), services_.now());
    co_return;
  }
  const bool has_more = sessions->size() > kTokensAPage;
  if (has_more) sessions->pop_back();
  LATCHKEY_AWAIT(const Result<token::LiveTokens> live,
                 services_.sessions.live_tokens(caller.user_id, *sessions, caller.token));
  if (!live) {
    answer_unavailable(exchange.response, allow(), live.error(), services_.now());
    co_return;
  }
  exchange.response.status(200)
      .header("Allow", allow())
      .body(kJsonType, tokens_json(*sessions, has_more, *live), services_.now());
}

runtime::Task<void> MyTokensResource::end_all(http::Exchange& exchange, Caller caller) {
  LATCHKEY_AWAIT(const Result<std::size_t> ended,
                 services_.sessions.end_all(caller.user_id, store::Death::kDeleted));
  if (!ended) {
    answer_unavailable(exchange.response, allow(), ended.error(), services_.now());
    co_return;
  }
  LogEvent(LogRoom::take(services_.log), LogLevel::kInfo, "logout.all")
      .field("address", remote_address_of(exchange, services_).to_text())
      .field("tokens", *ended)
      .text("user", caller.name);
  exchange.response.status(204).header("Allow", allow()).no_body(services_.now());
}

MyTokenResource::MyTokenResource(Services& services) : Resource(kItemDescription), services_(services) {}

bool MyTokenResource::answer_now(http::Exchange&, ConnectionBinding&) { return false; }

runtime::Task<void> MyTokenResource::answer(http::Exchange& exchange, ConnectionBinding& binding) {
  LATCHKEY_AWAIT(const Caller caller, identify(exchange, binding, allow(), services_));
  if (caller.user_id == 0) co_return;
  const store::RowId row = parse_id(kMyTokenPath.segment_of(exchange.head.path));
  LATCHKEY_AWAIT(const Result<std::optional<store::Session>> session, services_.store.find_row(row));
  Result<bool> ended = false;
  if (!session) {
    ended = tl::unexpected<Error>(session.error());
  } else if (*session && (*session)->user_id == caller.user_id) {
    LATCHKEY_AWAIT(ended, services_.sessions.end_session(**session));
  }
  if (!ended) {
    answer_unavailable(exchange.response, allow(), ended.error(), services_.now());
    co_return;
  }
  if (!*ended) {
    answer_not_found(exchange.response, allow(), services_.now());
    co_return;
  }
  LogEvent(LogRoom::take(services_.log), LogLevel::kInfo, "logout.one")
      .field("address", remote_address_of(exchange, services_).to_text())
      .text("user", caller.name);
  exchange.response.status(204).header("Allow", allow()).no_body(services_.now());
}

}  // namespace latchkey::api
