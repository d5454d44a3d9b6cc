#include "api/listing.h"

#include "latchkey/base/json_writer.h"

namespace latchkey::api {

namespace {

constexpr AnswerDescription kDocument[] = {{200, "The document.", "Document"}};
constexpr OperationDescription reading(std::string_view id) noexcept {
  return {http::Method::kGet, "GET", id, "Read it", Access::kAnyone, {}, {}, kDocument};
}

constexpr OperationDescription kListVersions[] = {reading("listVersions")};
constexpr OperationDescription kListResources[] = {reading("listResources")};
constexpr OperationDescription kPing[] = {reading("ping")};
constexpr OperationDescription kReadOpenapi[] = {reading("openapi")};
constexpr std::string_view kCurrentVersion = "/api/v2/";
constexpr std::string_view kTag = "directory";

}  // namespace

const ResourceDescription kRootDescription = {.name = "REST API",
                                              .text = "The versions of the API.",
                                              .tag = kTag,
                                              .operations = kListVersions,
                                              .is_public = true};
const ResourceDescription kVersion1Description = {
    .name = "Version 1",
    .text = "The resources of version 1, which clients of old may ask for. They are those of version 2.",
    .tag = kTag,
    .operations = kListResources,
    .is_public = true};
const ResourceDescription kVersion2Description = {
    .name = "Version 2",
    .text = "The resources of version 2, and the description of them all.",
    .tag = kTag,
    .operations = kListResources,
    .is_public = true};
const ResourceDescription kPingDescription = {
    .name = "Ping",
    .text = "The server lives: its node name and version. Needs no token.",
    .tag = kTag,
    .operations = kPing,
    .is_public = true};
const ResourceDescription kOpenapiDescription = {.name = "OpenAPI",
                                                 .text = "This API's description, as OpenAPI 3.1.",
                                                 .tag = kTag,
                                                 .operations = kReadOpenapi,
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
    if (!text.starts_with(path) || text.size() == path.size() || !route.path.name().empty()) continue;
    json.member(last_segment_of(text), text);
  }
  if (path == kCurrentVersion) json.member("openapi", kOpenapiPath);
  json.end();
  return json.take();
}

std::string ping_json(const ApiSettings& settings) {
  JsonWriter json;
  json.begin_object();
  json.member("node", settings.node);
  json.member("version", settings.public_version());
  json.end();
  return json.take();
}

}  // namespace latchkey::api
