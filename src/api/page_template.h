// What the makers of pages have in common: templates, and the values that every page has.
// Thread: any; all are pure functions.
#pragma once

#include <kainjow/mustache.hpp>
#include <string>
#include <string_view>

#include "api/skeleton.h"
#include "latchkey/api/settings.h"

namespace latchkey::api {

/// The template of this name.
/// Requires: it exists and is valid.
kainjow::mustache::mustache page_template(std::string_view name);

/// The values of every page.
kainjow::mustache::data page_data(const ApiSettings& settings, std::string_view title, bool has_script);

inline kainjow::mustache::data gap(Gap gap) { return kainjow::mustache::data(Skeleton::mark_of(gap)); }
inline kainjow::mustache::data flag(bool value) { return kainjow::mustache::data(value); }
inline kainjow::mustache::data text(std::string_view value) {
  return kainjow::mustache::data(std::string(value));
}

}  // namespace latchkey::api
