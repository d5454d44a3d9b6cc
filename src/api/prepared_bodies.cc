#include "api/prepared_bodies.h"

#include <algorithm>

#include "api/skeleton.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/json_text.h"

namespace latchkey::api {

namespace {

constexpr std::size_t kShownIndent = 4;

template <class Bodies>
auto* find_body(Bodies& bodies, std::string_view json) noexcept {
  const auto found =
      std::find_if(bodies.begin(), bodies.end(), [json](const auto& body) { return body.json == json; });
  return found == bodies.end() ? nullptr : &*found;
}

}  // namespace

void PreparedBodies::add(std::string_view json) {
  if (find_body(bodies_, json) == nullptr) bodies_.push_back({json, shown_json(json), {}});
}

std::optional<std::string_view> PreparedBodies::shown(std::string_view json) const noexcept {
  const Body* const body = find_body(bodies_, json);
  return body == nullptr ? std::nullopt : std::optional<std::string_view>(body->shown);
}

std::optional<std::string_view> PreparedBodies::indented(std::string_view json, std::size_t width) {
  LATCHKEY_ASSERT(width >= 1 && width <= http::kMaxIndent);
  Body* const body = find_body(bodies_, json);
  if (body == nullptr) return std::nullopt;
  std::string& indented = body->indented[width - 1];
  if (indented.empty()) indented = indent_json(json, width);
  return indented;
}

std::string shown_json(std::string_view json) {
  std::string shown;
  append_html_escaped(shown, indent_json(visible_json(json), kShownIndent));
  return shown;
}

}  // namespace latchkey::api
