#include "latchkey/server/admin_handler.h"

#include <utility>

#include "latchkey/api/answers.h"
#include "latchkey/api/log_room.h"

namespace latchkey::server {

runtime::Task<void> AdminHandler::answer(http::Exchange& exchange) {
  api::AdminRequest request;
  request.method = exchange.head.method_text;
  request.path = exchange.head.target;
  request.body = SecretText(exchange.body);
  if (exchange.head.method != http::Method::kGet) {
    auto waiting = api::wait_for_log_room(loop_, log_);
    LogRoom room = co_await waiting;
    request.room.emplace(std::move(room));
  }
  auto handling = admin_.handle(std::move(request));
  const api::AdminReply reply = co_await handling;
  exchange.response.status(reply.status).body(api::kJsonType, reply.json, loop_.now());
}

}  // namespace latchkey::server
