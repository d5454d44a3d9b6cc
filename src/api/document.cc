#include "api/document.h"

#include "latchkey/api/answers.h"

namespace latchkey::api {

bool DocumentResource::answer_now(http::Exchange& exchange, ConnectionBinding&) {
  exchange.response.status(200).header("Allow", allow()).body(kJsonType, json_, services_.now());
  return true;
}

}  // namespace latchkey::api
