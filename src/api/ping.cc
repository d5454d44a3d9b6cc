#include "latchkey/api/ping.h"

#include "latchkey/api/answers.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/json_text.h"

namespace latchkey::api {

namespace {

constexpr std::string_view kDescription =
    R"({"name":"Ping","description":"The server's node name and version.",)"
    R"("renders":["application/json","text/html"],"parses":[]})";

}  // namespace

PingResource::PingResource(Services& services) : services_(services), body_(R"({"node":)") {
  append_json_string(body_, services.settings.node);
  body_.append(R"(,"version":)");
  append_json_string(body_, services.settings.version);
  body_.push_back('}');
}

bool PingResource::answer_now(http::Exchange& exchange, ConnectionBinding&) {
  exchange.response.status(200)
      .header("Allow", allow())
      .body(kJsonType,
            exchange.head.method == http::Method::kOptions ? kDescription : std::string_view(body_),
            services_.now());
  return true;
}

runtime::Task<void> PingResource::answer(http::Exchange&, ConnectionBinding&) {
  LATCHKEY_ASSERT(false);
  co_return;
}

}  // namespace latchkey::api
