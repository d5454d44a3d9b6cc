// The OpenAPI 3.1 document, made from the table that requests are routed by, so that it cannot say what the
// server does not do. Pure functions; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/description.h"
#include "api/path_template.h"

namespace latchkey::api {

class Resource;

struct Route {
  PathTemplate path;
  Resource* resource;
};

/// The document as compact JSON.
std::string openapi_json(std::span<const Route> routes, std::string_view version);

}  // namespace latchkey::api
