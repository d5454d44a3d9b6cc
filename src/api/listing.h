// `/api/`, `/api/v1/`, `/api/v2/` and `/api/v2/ping/`: what is there, and that the server lives (C-70); and
// the description of the OpenAPI document. Pure functions and constants; any thread.
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

/// Which versions there are.
std::string root_json();

/// `{"authtoken":"/api/v2/authtoken/",...}`: the resources right below `path`, in the order of the routes.
std::string listing_json(std::span<const Route> routes, std::string_view path);

/// Node name and version.
std::string ping_json(const ApiSettings& settings);

}  // namespace latchkey::api
