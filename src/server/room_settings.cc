#include "server/room_settings.h"

#include <algorithm>
#include <string>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::server {

api::ApiSettings api_settings_of(const Settings& settings) {
  api::ApiSettings api;
  api.node = settings.node;
  api.version = LATCHKEY_VERSION;
  api.token_timeout = settings.token_timeout;
  api.token_timeout_text = std::to_string(api.token_timeout.count() / 1000);
  api.trusted_proxies = settings.trusted_proxy;
  api.forwarded_source = settings.forwarded_source;
  api.bind_ipv4_prefix = settings.bind_ipv4_prefix;
  api.bind_ipv6_prefix = settings.bind_ipv6_prefix;
  api.session_text = settings.session_text;
  api.basic = settings.basic;
  api.verify_basic = settings.verify_basic;
  api.cookie_names = api::CookieNames(settings.cookie_name);
  api.cookie_same_site = settings.cookie_same_site;
  api.identity = {settings.user_field, settings.groups_field, settings.name_field, settings.email_field};
  api.secure_cookies = settings.secure_cookies;
  api.show_version = settings.show_version;
  Result<api::Sites> sites = api::Sites::create(settings.sites);
  LATCHKEY_ASSERT(sites.has_value());  // the settings are checked
  api.sites = std::move(*sites);
  api.max_body_bytes = settings.body_limit_bytes;
  return api;
}

http::ConnectionSettings connection_settings_of(const Settings& settings) {
  http::ConnectionSettings connection;
  connection.head.max_head_bytes = settings.head_limit_bytes;
  connection.max_body_bytes = settings.body_limit_bytes;
  connection.header_timeout = settings.header_timeout;
  connection.body_timeout = settings.body_timeout;
  connection.idle_timeout = settings.idle_timeout;
  connection.write_timeout = settings.write_timeout;
  return connection;
}

token::ShardSettings shard_settings_of(const Settings& settings, std::size_t cores) {
  token::ShardSettings shard;
  shard.timeout = settings.token_timeout;
  shard.tokens_per_user = settings.tokens_per_user;
  shard.max_tokens = settings.tokens / cores + 1;
  shard.max_tombstones = std::max<std::size_t>(settings.tombstones / cores, 1);
  shard.refresh_rows_per_second = std::max<std::size_t>(settings.refresh_rows_per_second / cores, 1);
  return shard;
}

store::DirectoryOptions directory_options_of(const Settings& settings) {
  return {.create = settings.create, .key_file = settings.key_file};
}

RootRules root_rules_of(const Settings& settings) {
  return {.may_create = settings.create,
          .may_stay = settings.allow_root,
          .gives_group = !settings.unix_group.empty() || !settings.admin_group.empty()};
}

}  // namespace latchkey::server
