// The `[[site]]` tables of the settings' file, which no variable and no flag can give: reading them, and
// writing them again.
// Thread: the main thread, at start.
#pragma once

#include <toml++/toml.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "latchkey/api/sites.h"

namespace latchkey::server {

/// The key under which the tables stand.
inline constexpr std::string_view kSiteKey = "site";

/// A table's entries in the order of its lines, by which the person who mends the file goes. TOML++ has them
/// in the order of their keys.
std::vector<std::pair<const toml::key*, const toml::node*>> in_order_of_lines(const toml::table& table);

/// Reads one table. Calls `refuse` with the line and the fault for each key that is unknown or has a value of
/// another type; what the values mean is checked by api::Sites.
api::SiteRules read_site(const toml::table& table,
                         const std::function<void(std::size_t line, const std::string& what)>& refuse);

/// The part of docs/reference/settings.md about them.
std::string sites_reference();

/// The tables as `read_site` reads them, each after an empty line; empty if there is no site.
std::string sites_text(const std::vector<api::SiteRules>& sites);

}  // namespace latchkey::server
