#include "api/page_template.h"

#include <fmt/format.h>

#include "api/page_files.h"
#include "latchkey/base/assert.h"

namespace latchkey::api {

namespace {

using kainjow::mustache::data;
using kainjow::mustache::mustache;
using kainjow::mustache::partial;

partial partial_of(std::string_view name) {
  return partial([name] { return std::string(page_file(name).bytes); });
}

/// The path of a page file. The query holds its version, so that a browser may cache the file.
data versioned_path_of(std::string_view name) {
  return data(fmt::format("{}{}?{}", Skeleton::mark_of(Gap::kFiles), name, page_file(name).version));
}

}  // namespace

mustache page_template(std::string_view name) {
  mustache read{std::string(page_file(name).bytes)};
  LATCHKEY_ASSERT(read.is_valid());
  return read;
}

data page_data(const ApiSettings& settings, std::string_view title, bool has_script) {
  data page(data::type::object);
  page.set("title", text(title));
  page.set("node", text(settings.node));
  page.set("version", gap(Gap::kVersion));
  page.set("home", gap(Gap::kHome));
  page.set("api_link", gap(Gap::kApiLink));
  page.set("style_href", versioned_path_of("style.css"));
  page.set("script_href", versioned_path_of("script.js"));
  page.set("icon_href", versioned_path_of("icon.svg"));
  page.set("has_script", flag(has_script));
  page.set("account", gap(Gap::kAccount));
  page.set("username", gap(Gap::kAccount));
  page.set("username_value", gap(Gap::kUserName));
  page.set("csrf_token", gap(Gap::kCsrfToken));
  page.set("head", data(partial_of("head.html")));
  page.set("banner", data(partial_of("banner.html")));
  return page;
}

}  // namespace latchkey::api
