// What the process's settings mean to each room of the house. Plain values; any thread.
#pragma once

#include <cstddef>

#include "latchkey/api/settings.h"
#include "latchkey/http/connection.h"
#include "latchkey/server/settings.h"
#include "latchkey/token/shard.h"

namespace latchkey::server {

api::ApiSettings api_settings_of(const Settings& settings);
http::ConnectionSettings connection_settings_of(const Settings& settings);
/// Of one of as many cores' shards.
token::ShardSettings shard_settings_of(const Settings& settings, std::size_t cores);

}  // namespace latchkey::server
