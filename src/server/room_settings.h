// Translates the process's settings into those of each room, and of parts of this one. Plain values.
// Thread: any.
#pragma once

#include <cstddef>

#include "latchkey/api/settings.h"
#include "latchkey/http/connection.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/token/shard.h"
#include "server/confinement.h"
#include "server/settings.h"

namespace latchkey::server {

api::ApiSettings api_settings_of(const Settings& settings);
http::ConnectionSettings connection_settings_of(const Settings& settings);
/// For one shard, if there are `cores` of them.
token::ShardSettings shard_settings_of(const Settings& settings, std::size_t cores);
store::DirectoryOptions directory_options_of(const Settings& settings);
RootRules root_rules_of(const Settings& settings);

}  // namespace latchkey::server
