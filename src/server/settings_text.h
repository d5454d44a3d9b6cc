// What latchkeyd prints about its settings: --help, --print-config and --print-reference, generated from the
// table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/settings.h"
#include "server/settings_table.h"

namespace latchkey::server {

/// `latchkeyd 0.2.0`.
std::string version_text();

/// Every flag with its bounds and default, in lines of 110 characters at most.
std::string help_text();

/// The page docs/reference/settings.md, which a test compares with it.
std::string reference_text();

/// What to write after the equals sign in a file to give the setting these values.
std::string toml_literal(const Setting& setting, std::vector<std::string> values);

/// A TOML basic string.
std::string toml_string(std::string_view text);

/// A TOML file that reproduces these settings, each key below its help.
std::string config_text(const Settings& settings);

}  // namespace latchkey::server
