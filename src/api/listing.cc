#include "api/listing.h"

#include "latchkey/base/json_writer.h"

namespace latchkey::api {

namespace {

constexpr AnswerDescription kDocument[] = {{200, "The document.", "Document"}};
constexpr OperationDescription kOperations[] = {
    {http::Method::kGet, "GET", "Read it", Access::kAnyone, {}, {}, kDocument},
};

}  // namespace

const ResourceDescription kRootDescription = {
    .name = "REST API", .text = "The versions of the API.", .operations = kOperations, .is_public = true};
const ResourceDescription kVersion1Description = {
    .name = "Version 1",
    .text = "The resources of version 1, which clients of old may ask for. They are those of version 2.",
    .operations = kOperations,
    .is_public = true};
const ResourceDescription kVersion2Description = {
    .name = "Version 2", .text = "The resources of version 2.", .operations = kOperations, .is_public = true};
const ResourceDescription kPingDescription = {
    .name = "Ping",
    .text = "The server lives: its node name and version. Needs no token.",
    .operations = kOperations,
    .is_public = true};
const ResourceDescription kOpenapiDescription = {.name = "OpenAPI",
                                                 .text = "This API's description, as OpenAPI 3.1.",
                                                 .operations = kOperations,
                                                 .is_public = true};

std::string root_json() {
  return R"({"available_versions":{"v1":"/api/v1/","v2":"/api/v2/"},"current_version":"/api/v2/",)"
         R"("openapi":"/api/openapi.json"})";
}

std::string listing_json(std::span<const Route> routes, std::string_view path) {
  JsonWriter json;
  json.begin_object();
  for (const Route& route : routes) {
    const std::string_view text = route.path.text();
    if (!text.starts_with(path) || text.size() == path.size()) continue;
    const std::string_view name = text.substr(path.size(), text.size() - path.size() - 1);
    if (name.find('/') == std::string_view::npos) json.member(name, text);
  }
  json.end();
  return json.take();
}

std::string ping_json(const ApiSettings& settings) {
  JsonWriter json;
  json.begin_object();
  json.member("node", settings.node);
  json.member("version", settings.version);
  json.end();
  return json.take();
}

}  // namespace latchkey::api
