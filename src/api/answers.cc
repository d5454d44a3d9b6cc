#include "latchkey/api/answers.h"

#include "latchkey/base/json_writer.h"

namespace latchkey::api {

void protect_answer(http::ResponseWriter& response) noexcept {
  response.preset("Cache-Control", "no-store");
  response.preset("X-Content-Type-Options", "nosniff");
}

std::string detail_json(std::string_view text) {
  JsonWriter json;
  json.begin_object();
  json.member("detail", text);
  json.end();
  return json.take();
}

}  // namespace latchkey::api
