#include "server/admin_handler.h"

#include <utility>

#include "latchkey/api/answers.h"
#include "latchkey/api/log_room.h"
#include "latchkey/runtime/await.h"

namespace latchkey::server {

namespace {

struct Memo final : http::ConnectionMemo {
  api::StagedImport staged;
};

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
  LATCHKEY_AWAIT(const api::AdminReply reply, admin_.handle(std::move(request)));
  counts_.count(reply.action, reply.status);
  exchange.response.status(reply.status).body(api::kJsonType, reply.json, loop_.now());
}

}  // namespace latchkey::server
