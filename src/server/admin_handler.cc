#include "server/admin_handler.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "latchkey/api/admin_routes.h"
#include "latchkey/api/answers.h"
#include "latchkey/api/log_room.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/runtime/await.h"
#include "server/reloader.h"

namespace latchkey::server {

namespace {

struct Memo final : http::ConnectionMemo {
  api::StagedImport staged;
};

void write_list(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.begin_array(name);
  for (const std::string& text : texts) json.element(text);
  json.end();
}

api::AdminReply reply_of(const ReloadAnswer& answer) {
  JsonWriter json;
  json.begin_object();
  if (!answer.problems.empty()) {
    json.member("detail", answer.problems.front());
    write_list(json, "problems", answer.problems);
  } else {
    write_list(json, "applied", answer.applied);
    write_list(json, "pending", answer.pending);
    write_list(json, "hidden", answer.hidden);
  }
  write_list(json, "warnings", answer.warnings);
  json.end();
  return {answer.problems.empty() ? 200 : 400, json.take()};
}

std::string joined(const std::vector<std::string>& texts) { return fmt::format("{}", fmt::join(texts, ",")); }

}  // namespace

std::unique_ptr<http::ConnectionMemo> AdminHandler::opened(const net::IpAddress& /*peer*/) {
  return std::make_unique<Memo>();
}

runtime::Task<void> AdminHandler::answer(http::Exchange& exchange) {
  api::AdminRequest request;
  request.method = exchange.head.method_text;
  request.path = exchange.head.target;
  request.body = SecretText(exchange.body);
  request.staged = &static_cast<Memo*>(exchange.memo)->staged;
  if (exchange.head.method != http::Method::kGet) {
    LATCHKEY_AWAIT(LogRoom room, api::wait_for_log_room(loop_, log_));
    request.room.emplace(std::move(room));
  }
  api::AdminReply reply;
  const api::AdminRoute* const route = api::admin_target(request.method, request.path).route;
  if (route != nullptr && route->action == api::AdminAction::kReload) {
    LATCHKEY_AWAIT(reply, reload(std::string(request.body.view()), std::move(*request.room)));
    reply.action = api::AdminAction::kReload;
  } else {
    LATCHKEY_AWAIT(reply, admin_.handle(std::move(request)));
  }
  counts_.count(reply.action, reply.status);
  exchange.response.status(reply.status).body(api::kJsonType, reply.json, loop_.now());
}

runtime::Task<api::AdminReply> AdminHandler::reload(std::string path, LogRoom room) {
  net::PassedFile file = way_.files.take();
  if (!file.is_there()) {
    co_return api::AdminReply{400, api::detail_json("no file came along: `latchkey reload FILE` sends it")};
  }
  if (!room.is_held()) co_return api::AdminReply{503, api::detail_json(api::log_is_full().text)};
  Reloader& reloader = *way_.reloader;
  LATCHKEY_AWAIT(const Result<ReloadAnswer> answer,
                 runtime::call_task(way_.port, way_.control, [&reloader, &file, &path](runtime::Port&) {
                   return reloader.reload(std::move(file), std::move(path));
                 }));
  if (!answer) co_return api::AdminReply{503, api::detail_json(answer.error().text)};
  for (const std::string& warning : answer->warnings) {
    LogEvent(log_, LogLevel::kWarning, "settings.ignored").field("reason", warning);
  }
  if (!answer->problems.empty()) {
    LogEvent(log_, LogLevel::kWarning, "settings.refused")
        .field("problems", answer->problems.size())
        .text("error", answer->problems.front());
    co_return reply_of(*answer);
  }
  LogEvent reloaded(std::move(room), LogLevel::kInfo, "settings.reloaded");
  reloaded.field("changed", joined(answer->applied)).field("pending", joined(answer->pending));
  if (!answer->hidden.empty()) reloaded.field("hidden", joined(answer->hidden));
  co_return reply_of(*answer);
}

}  // namespace latchkey::server
