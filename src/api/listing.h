// `/api/`, `/api/v1/`, `/api/v2/` and `/api/v2/ping/`: list what there is, and say that the server is alive
// (C-70). Also the description of the OpenAPI document.
// Thread: any; pure functions and constants.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/description.h"
#include "api/openapi.h"
#include "latchkey/api/settings.h"

namespace latchkey::api {

extern const ResourceDescription kRootDescription;
extern const ResourceDescription kVersion1Description;
extern const ResourceDescription kVersion2Description;
extern const ResourceDescription kPingDescription;
extern const ResourceDescription kOpenapiDescription;

/// The list of versions.
std::string root_json();

inline constexpr std::string_view kOpenapiPath = "/api/openapi.json";

/// `{"authtoken":"/api/v2/authtoken/",...}`: the resources below `path` by the last segments of their paths,
/// in the order of the routes, but for those with a name in braces. The current version lists the OpenAPI
/// document too.
std::string listing_json(std::span<const Route> routes, std::string_view path);

/// Node name and version, if the version is told to anybody.
std::string ping_json(const ApiSettings& settings);

}  // namespace latchkey::api
