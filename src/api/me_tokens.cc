#include "api/me_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

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
    {http::Method::kGet,
     "GET",
     "listTokens",
     "The user's live tokens",
     Access::kUser,
     {},
     {},
     kListed,
     kListParameters},
    {http::Method::kDelete,
     "DELETE",
     "endAllTokens",
     "End all of the user's tokens",
     Access::kUser,
     {},
     {},
     kEndedAll},
};
constexpr ResourceDescription kListDescription = {
    .name = "My Tokens",
    .text =
        "The live tokens of the user, newest first: where they came from, when they were made and last used. "
        "Tokens "
        "themselves are not shown again.\n\n"
        "A page has 100 of them; `next` leads to the one after. DELETE ends all of them, the one of the "
        "request too.",
    .tag = "tokens",
    .operations = kListOperations,
};

constexpr AnswerDescription kEndedOne[] = {
    {204, "The token is dead.", {}},
    {404, "The user has no live token of this id.", "Detail"},
    {503, "The deletion could not be made durable yet.", "Detail"},
};
constexpr OperationDescription kItemOperations[] = {
    {http::Method::kDelete,
     "DELETE",
     "endToken",
     "End one of the user's tokens",
     Access::kUser,
     {},
     {},
     kEndedOne},
};
constexpr ResourceDescription kItemDescription = {
    .name = "My Token",
    .text = "One live token of the user. DELETE ends it.",
    .tag = "tokens",
    .operations = kItemOperations,
};

/// A token's id is its row: 1 to kMaxRowId, in digits without leading zeros. Returns 0, which is no row, for
/// any other text.
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

/// `live` holds some of `sessions`, in their order. `has_more`: the store has older ones. `path` is the
/// list's.
std::string tokens_json(std::string_view path, const std::vector<store::Session>& sessions, bool has_more,
                        const token::LiveTokens& live) {
  JsonWriter json;
  json.begin_object();
  json.member("count", live.count);
  if (has_more) {
    json.member("next", fmt::format("{}?before={}", path, sessions.back().row));
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

runtime::Task<void> MyTokensResource::answer(RequestContext& request) {
  LATCHKEY_AWAIT(Caller caller, identify(request, services_));
  if (caller.user_id == 0) co_return;
  LATCHKEY_AWAIT(request.head().method == http::Method::kDelete ? end_all(request, std::move(caller))
                                                                : list(request, std::move(caller)));
}

runtime::Task<void> MyTokensResource::list(RequestContext& request, Caller caller) {
  store::RowId before = store::kMaxRowId + 1;
  if (const auto text = http::find_query_parameter(request.head().query, "before"); text) {
    before = parse_id(*text);
    if (before == 0) co_return request.refuse(400, "The parameter before is not the id of a token.");
  }
  LATCHKEY_AWAIT(Result<std::vector<store::Session>> sessions,
                 services_.store.newest_sessions_of(caller.user_id, before, kTokensPerPage + 1));
  if (!sessions) co_return request.unavailable(sessions.error());
  const bool has_more = sessions->size() > kTokensPerPage;
  if (has_more) sessions->pop_back();
  LATCHKEY_AWAIT(const Result<token::LiveTokens> live,
                 services_.sessions.live_tokens(caller.user_id, *sessions, caller.token));
  if (!live) co_return request.unavailable(live.error());
  request.reply(200).json(tokens_json(request.head().path, *sessions, has_more, *live));
}

runtime::Task<void> MyTokensResource::end_all(RequestContext& request, Caller caller) {
  LATCHKEY_AWAIT(const Result<std::size_t> ended,
                 services_.sessions.end_all(caller.user_id, store::Death::kDeleted));
  if (!ended) co_return request.unavailable(ended.error());
  services_.metrics.ended[SessionEnd::kLogoutAll].add(*ended);
  LogEvent(LogRoom::take(services_.log), LogLevel::kInfo, "logout.all")
      .field("address", request.address().to_text())
      .field("tokens", *ended)
      .text("user", caller.name);
  request.reply(204).end();
}

MyTokenResource::MyTokenResource(Services& services) : Resource(kItemDescription), services_(services) {}

runtime::Task<void> MyTokenResource::answer(RequestContext& request) {
  LATCHKEY_AWAIT(const Caller caller, identify(request, services_));
  if (caller.user_id == 0) co_return;
  const store::RowId row = parse_id(last_segment_of(request.head().path));
  LATCHKEY_AWAIT(const Result<std::optional<store::Session>> session, services_.store.find_row(row));
  if (!session) co_return request.unavailable(session.error());
  if (!*session || (*session)->user_id != caller.user_id) co_return request.not_found();
  LATCHKEY_AWAIT(const Result<bool> ended, services_.sessions.end_session(**session));
  if (!ended) co_return request.unavailable(ended.error());
  if (!*ended) co_return request.not_found();
  services_.metrics.ended[SessionEnd::kLogout].add();
  LogEvent(LogRoom::take(services_.log), LogLevel::kInfo, "logout.one")
      .field("address", request.address().to_text())
      .text("user", caller.name);
  request.reply(204).end();
}

}  // namespace latchkey::api
