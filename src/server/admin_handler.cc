#include "server/admin_handler.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "latchkey/api/admin_routes.h"
#include "latchkey/api/answers.h"
#include "latchkey/api/log_room.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/http/percent.h"
#include "latchkey/http/request.h"
#include "latchkey/net/listener.h"
#include "latchkey/runtime/await.h"
#include "server/reloader.h"

namespace latchkey::server {

namespace {

constexpr std::size_t kMaxUserIdDigits = 10;
constexpr int kLeastRefusal = 400;

struct Memo final : http::ConnectionMemo {
  Memo(runtime::Loop& loop_of_connection, api::Admin& commands) : loop(loop_of_connection), admin(commands) {}
  Memo(const Memo&) = delete;
  Memo& operator=(const Memo&) = delete;
  ~Memo() override {
    if (backup.number != 0) loop.nursery().spawn(admin.abandon_backup(backup));
  }

  runtime::Loop& loop;
  api::Admin& admin;
  api::StagedImport staged;
  api::BackupUnderWay backup;
  std::string peer;  ///< who it is, as fields of the log
};

constexpr std::string_view kBytesType = "application/octet-stream";

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

std::string fields_of_peer(int descriptor) {
  std::string fields;
  const std::optional<net::PeerProcess> peer = net::peer_process_of(descriptor);
  if (!peer) return fields;
  append_log_field(fields, "uid", std::to_string(peer->user));
  append_log_field(fields, "pid", std::to_string(peer->process));
  return fields;
}

/// What the command says of its user. Nobody checks it: whoever may administer can send what they like.
void append_claim(std::string& fields, const http::RequestHead& head) {
  const std::string_view claimed = http::find_other_header(head, api::kClaimedUserField).value;
  const bool is_number = !claimed.empty() && claimed.size() <= kMaxUserIdDigits &&
                         claimed.find_first_not_of("0123456789") == std::string_view::npos;
  if (is_number) append_log_field(fields, "claimed_uid", claimed);
}

}  // namespace

std::unique_ptr<http::ConnectionMemo> AdminHandler::opened(const http::ConnectionOrigin& origin) {
  auto memo = std::make_unique<Memo>(loop_, admin_);
  memo->peer = fields_of_peer(origin.descriptor);
  return memo;
}

runtime::Task<void> AdminHandler::answer(http::Exchange& exchange) {
  api::AdminRequest request;
  request.method = exchange.head.method_text;
  request.path = exchange.head.target;
  request.body = SecretText(exchange.body);
  Memo& memo = static_cast<Memo&>(*exchange.memo);
  request.staged = &memo.staged;
  request.backup = &memo.backup;
  std::string by = memo.peer;
  append_claim(by, exchange.head);
  const api::AdminTarget target = api::admin_target(exchange.head.method_text, exchange.head.target);
  const bool has_line = target.route != nullptr && target.route->line == api::LineInLog::kNeeded;
  if (exchange.head.method != http::Method::kGet || has_line) {
    LATCHKEY_AWAIT(LogRoom room, api::wait_for_log_room(loop_, log_));
    room.set_by(by);
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
  if (reply.status >= kLeastRefusal) log_refusal(reply, target.name, std::move(by));
  exchange.response.status(reply.status)
      .body(reply.is_bytes ? kBytesType : api::kJsonType, reply.json, loop_.now());
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

// Nothing was changed, so without room the line is a common one.
void AdminHandler::log_refusal(const api::AdminReply& reply, std::string_view name, std::string by) {
  LogRoom room = LogRoom::take(log_);
  room.set_by(std::move(by));
  LogEvent refused(std::move(room), LogLevel::kWarning, "admin.refused");
  refused.field("action", api::admin_label(reply.action)).field("status", reply.status);
  if (name.empty()) return;
  std::string user(name.size(), '\0');
  user.resize(http::percent_decode(name, http::PlusSign::kLiteral, user));
  refused.text("user", user);
}

}  // namespace latchkey::server
