#include "latchkey/api/me_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "latchkey/api/answers.h"
#include "latchkey/base/json_text.h"
#include "latchkey/base/time_text.h"
#include "latchkey/http/negotiation.h"

namespace latchkey::api {

namespace {

constexpr AnswerDescription kListed[] = {
    {200, "The live tokens, newest first, a page at a time.", "Tokens"},
    {400, "`before` is not the id of a token.", "Detail"},
    {401, "The credentials admit nobody.", "Detail"},
    {503, "A bound is reached; `Retry-After` says when to try again.", "Detail"},
};
constexpr AnswerDescription kEndedAll[] = {
    {204, "All of the user's tokens are dead, the one of this request too.", {}},
    {401, "The credentials admit nobody.", "Detail"},
    {403, "The proof that the request comes from this server's pages is missing.", "Detail"},
    {503, "The deletion could not be made durable yet.", "Detail"},
};
constexpr OperationDescription kListOperations[] = {
    {http::Method::kGet, "GET", "The user's live tokens", Access::kUser, {}, {}, kListed},
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
    {401, "The credentials admit nobody.", "Detail"},
    {403, "The proof that the request comes from this server's pages is missing.", "Detail"},
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

/// A token's id is its row: 1 to kMaxRowId, in digits. 0 for any other text.
store::RowId parse_id(std::string_view text) noexcept {
  store::RowId id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool is_id =
      error == std::errc{} && end == text.data() + text.size() && id >= 1 && id <= store::kMaxRowId;
  return is_id ? id : 0;
}

void append_token(std::string& json, const token::LiveToken& live, const store::Session& session) {
  fmt::format_to(std::back_inserter(json),
                 R"({{"id":{},"created":"{}","last_used":"{}","expires":"{}","address":)", live.row,
                 to_rfc3339(session.created), to_rfc3339(live.last_used), to_rfc3339(live.expires));
  append_json_string(json, session.address);
  json += R"(,"agent":)";
  append_json_string(json, session.agent);
  json += live.is_current ? R"(,"current":true})" : R"(,"current":false})";
}

/// `sessions` has the rows of `live`, less those that have been forgotten meanwhile.
std::string tokens_json(const token::LiveTokens& live, const std::vector<store::Session>& sessions) {
  std::string json = fmt::format(R"({{"count":{},"next":)", live.count);
  if (live.has_more) {
    append_json_string(json, fmt::format("{}?before={}", kMyTokensPath.text(), live.tokens.back().row));
  } else {
    json += "null";
  }
  json += R"(,"previous":null,"results":[)";
  bool is_first = true;
  auto session = sessions.begin();
  for (const token::LiveToken& token : live.tokens) {
    if (session == sessions.end() || session->row != token.row) continue;
    if (!std::exchange(is_first, false)) json += ',';
    append_token(json, token, *session++);
  }
  return json + "]}";
}

}  // namespace

MyTokensResource::MyTokensResource(Services& services) : Resource(kListDescription), services_(services) {}

bool MyTokensResource::answer_now(http::Exchange&, ConnectionBinding&) { return false; }

runtime::Task<void> MyTokensResource::answer(http::Exchange& exchange, ConnectionBinding& binding) {
  auto identifying = identify(exchange, binding, allow(), services_);
  Caller caller = co_await identifying;
  if (caller.user_id == 0) co_return;
  auto acting = exchange.head.method == http::Method::kDelete ? end_all(exchange, std::move(caller))
                                                              : list(exchange, std::move(caller));
  co_await acting;
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
  auto listing = services_.sessions.live_tokens(caller.user_id, before, kTokensAPage, caller.token);
  const Result<token::LiveTokens> live = co_await listing;
  if (!live) {
    answer_unavailable(exchange.response, allow(), live.error(), services_.now());
    co_return;
  }
  std::vector<store::RowId> rows;
  for (const token::LiveToken& token : live->tokens) rows.push_back(token.row);
  auto reading = services_.store.sessions_at(std::move(rows));
  const Result<std::vector<store::Session>> sessions = co_await reading;
  if (!sessions) {
    answer_unavailable(exchange.response, allow(), sessions.error(), services_.now());
    co_return;
  }
  begin_answer(exchange, 200, allow(), caller, services_)
      .header("Cache-Control", "no-store")
      .body(kJsonType, tokens_json(*live, *sessions), services_.now());
}

runtime::Task<void> MyTokensResource::end_all(http::Exchange& exchange, Caller caller) {
  auto ending = services_.sessions.end_all(caller.user_id, store::Death::kDeleted);
  const Result<std::size_t> ended = co_await ending;
  if (!ended) {
    answer_unavailable(exchange.response, allow(), ended.error(), services_.now());
    co_return;
  }
  LogEvent(services_.log, LogLevel::kInfo, "logout.all").field("user", caller.name).field("tokens", *ended);
  exchange.response.status(204).header("Allow", allow()).no_body(services_.now());
}

MyTokenResource::MyTokenResource(Services& services) : Resource(kItemDescription), services_(services) {}

bool MyTokenResource::answer_now(http::Exchange&, ConnectionBinding&) { return false; }

runtime::Task<void> MyTokenResource::answer(http::Exchange& exchange, ConnectionBinding& binding) {
  auto identifying = identify(exchange, binding, allow(), services_);
  const Caller caller = co_await identifying;
  if (caller.user_id == 0) co_return;
  const store::RowId row = parse_id(kMyTokenPath.segment_of(exchange.head.path));
  Result<bool> ended = false;
  if (row != 0) {
    auto ending = services_.sessions.end_row(caller.user_id, row);
    ended = co_await ending;
  }
  if (!ended) {
    answer_unavailable(exchange.response, allow(), ended.error(), services_.now());
    co_return;
  }
  if (!*ended) {
    answer_detail(exchange.response, 404, allow(), "Not found.", services_.now());
    co_return;
  }
  LogEvent(services_.log, LogLevel::kInfo, "logout.one").field("user", caller.name);
  exchange.response.status(204).header("Allow", allow()).no_body(services_.now());
}

}  // namespace latchkey::api
