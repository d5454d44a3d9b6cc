#include "api/document.h"

namespace latchkey::api {

bool DocumentResource::answer_now(RequestContext& request) {
  request.reply(200).json(json_);
  return true;
}

}  // namespace latchkey::api
