// What latchkeyd says of its settings: --help and --print-config, written from the table.
#pragma once

#include <string>

#include "latchkey/server/settings.h"

namespace latchkey::server {

/// `latchkeyd 0.1.0`.
std::string version_text();

/// Every flag with its bounds and default, in lines of 110 characters at most.
std::string help_text();

/// A TOML file that gives these settings again, each key under its help.
std::string config_text(const Settings& settings);

}  // namespace latchkey::server
