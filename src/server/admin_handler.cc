#include "latchkey/server/admin_handler.h"

#include <utility>

#include "latchkey/api/answers.h"

namespace latchkey::server {

runtime::Task<void> AdminHandler::answer(http::Exchange& exchange) {
  api::AdminRequest request;
  request.method = exchange.head.method_text;
  request.path = exchange.head.target;
  request.body = SecretText(exchange.body);
  auto handling = admin_.handle(std::move(request));
  const api::AdminReply reply = co_await handling;
  exchange.response.status(reply.status).body(api::kJsonType, reply.json, loop_.now());
}

}  // namespace latchkey::server
