// The OpenAPI 3.1 document. It is made from the table of routes, so it cannot promise what the server does
// not do.
// Thread: any; all are pure functions.
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
