#include "server/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ostream>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "latchkey/http/characters.h"
#include "latchkey/store/data_directory.h"
#include "server/settings_sources.h"
#include "server/settings_table.h"
#include "server/settings_text.h"
#include "server/start_sockets.h"

namespace latchkey::server {

namespace {

constexpr int kExitGood = 0;
constexpr int kExitWrongSettings = 1;

void apply(const SourceReading& reading, LoadedSettings& loaded) {
  std::copy(reading.problems.begin(), reading.problems.end(), std::back_inserter(loaded.problems));
  std::copy(reading.warnings.begin(), reading.warnings.end(), std::back_inserter(loaded.warnings));
  std::copy(reading.sites.begin(), reading.sites.end(), std::back_inserter(loaded.settings.sites));
  for (const GivenValue& given : reading.given) {
    const Result<void> assigned = assign(*given.setting, given.values, loaded.settings);
    if (!assigned) loaded.problems.push_back(given.where + ": " + refusal_of(given, assigned.error().text));
  }
}

/// A cluster of many services adds as many variables to the environment.
void bound_warnings(std::vector<std::string>& warnings) {
  constexpr std::size_t kMaxWarnings = 16;
  if (warnings.size() <= kMaxWarnings) return;
  const std::size_t left_out = warnings.size() - kMaxWarnings;
  warnings.resize(kMaxWarnings);
  warnings.push_back(
      fmt::format("{} more variables that begin with LATCHKEY_ are no settings and are ignored", left_out));
}

void derive_defaults(Settings& settings) {
  if (settings.key_file.empty()) settings.key_file = settings.data / "latchkey.key";
  if (settings.admin_socket.empty())
    settings.admin_socket = store::DataDirectory::admin_socket_path(settings.data);
}

/// Fields of an admission that mean something else to a proxy, in lower case.
constexpr std::string_view kTakenFields[] = {"x-auth-user",
                                             "x-auth-reason",
                                             "auth-token-timeout",
                                             "x-api-node",
                                             "x-api-time",
                                             "vary",
                                             "date",
                                             "content-type",
                                             "content-length",
                                             "transfer-encoding",
                                             "connection",
                                             "cache-control",
                                             "location",
                                             "set-cookie",
                                             "www-authenticate",
                                             "retry-after",
                                             "x-content-type-options",
                                             "x-envoy-auth-headers-to-remove"};

void check_identity_fields(const Settings& settings, std::vector<std::string>& problems) {
  std::set<std::string, std::less<>> seen(std::begin(kTakenFields), std::end(kTakenFields));
  for (const auto& [key, name] :
       {std::pair("user_field", &settings.user_field), std::pair("groups_field", &settings.groups_field),
        std::pair("name_field", &settings.name_field), std::pair("email_field", &settings.email_field)}) {
    std::string lower = *name;
    std::transform(lower.begin(), lower.end(), lower.begin(), http::to_lower);
    if (seen.insert(std::move(lower)).second) continue;
    problems.push_back(fmt::format("{}: {} has a meaning already: choose another name", key, *name));
  }
}

/// Finds addresses on which the server would have to listen twice.
void find_twice_named(const Settings& settings, std::vector<std::string>& problems) {
  std::set<ListenAddress> seen;
  for (const Sockets::Address& address : addresses_of(settings)) {
    const ListenAddress& where = address.where;
    if (where.is_unix() && where.path == settings.admin_socket.lexically_normal()) {
      problems.push_back(fmt::format("listen: {} is the admin socket: listen elsewhere", where.to_text()));
    }
    if ((!where.is_unix() && where.endpoint.port == 0) || seen.insert(where).second) continue;
    problems.push_back(
        fmt::format("listen: {} is named twice in listen, proxy_listen, verify_listen and admin_listen",
                    where.to_text()));
  }
}

}  // namespace

Environment to_environment(const char* const* entries) {
  Environment environment;
  for (; *entries != nullptr; ++entries) {
    const std::string_view entry(*entries);
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return environment;
}

void find_contradictions(const Settings& settings, std::vector<std::string>& problems) {
  if (settings.listen.empty() && settings.proxy_listen.empty()) {
    problems.emplace_back(
        "listen: neither listen nor proxy_listen names an address, so nobody could be served");
  }
  find_twice_named(settings, problems);
  for (const net::Endpoint& endpoint : settings.proxy_listen) {
    if (endpoint.address.is_loopback() || !settings.trusted_proxy.empty()) continue;
    problems.push_back(fmt::format(
        "proxy_listen: on {} anybody could claim any address: name the proxies that may connect in "
        "trusted_proxy, or listen on 127.0.0.1",
        endpoint.to_text()));
  }
  // The default is derived from `data`, and may be too long for a socket's path.
  const Setting& socket = *find_setting("admin_socket");
  const std::string path = settings.admin_socket.string();
  Settings probe;
  const Result<void> assigned = assign(socket, std::span(&path, 1), probe);
  if (!assigned)
    problems.push_back("admin_socket: " + assigned.error().text + ": choose a shorter data or admin_socket");
  check_identity_fields(settings, problems);
  const Result<api::Sites> sites = api::Sites::create(settings.sites);
  if (!sites) problems.push_back(sites.error().text);
  if (settings.verify_basic && !settings.basic) {
    problems.emplace_back("verify_basic: it asks for Authorization: Basic, which basic = false switches off");
  }
}

LoadedSettings settings_from(SettingsSources sources) {
  LoadedSettings loaded;
  apply(sources.file, loaded);
  apply(sources.environment, loaded);
  bound_warnings(loaded.warnings);
  apply(sources.flags, loaded);
  derive_defaults(loaded.settings);
  if (loaded.problems.empty()) find_contradictions(loaded.settings, loaded.problems);
  loaded.sources = std::make_shared<const SettingsSources>(std::move(sources));
  return loaded;
}

LoadedSettings load_settings(int argument_count, const char* const* arguments,
                             const Environment& environment) {
  FlagReading flags = read_flags(argument_count, arguments);
  if (!flags.config) {
    const auto named = environment.find("LATCHKEY_CONFIG");
    if (named != environment.end()) flags.config = named->second;
  }
  SettingsSources sources;
  if (flags.config) {
    std::error_code error;
    sources.path = std::filesystem::absolute(*flags.config, error);
    sources.file = read_settings_file(*flags.config);
  }
  sources.environment = read_environment(environment);
  sources.flags = std::move(flags.values);
  LoadedSettings loaded = settings_from(std::move(sources));
  loaded.action = flags.action;
  return loaded;
}

std::optional<int> answer_without_serving(const LoadedSettings& loaded, std::ostream& out,
                                          std::ostream& err) {
  if (loaded.action == StartAction::kHelp || loaded.action == StartAction::kVersion ||
      loaded.action == StartAction::kPrintReference) {
    out << (loaded.action == StartAction::kHelp      ? help_text()
            : loaded.action == StartAction::kVersion ? version_text()
                                                     : reference_text());
    return kExitGood;
  }
  // A server that starts has a log for the warnings.
  if (loaded.action != StartAction::kServe || !loaded.problems.empty()) {
    for (const std::string& warning : loaded.warnings) err << "latchkeyd: warning: " << warning << '\n';
  }
  for (const std::string& problem : loaded.problems) err << "latchkeyd: " << problem << '\n';
  if (!loaded.problems.empty()) return kExitWrongSettings;
  if (loaded.action == StartAction::kCheck) out << "settings are good\n";
  if (loaded.action != StartAction::kPrintConfig) return std::nullopt;
  out << config_text(loaded.settings);
  return kExitGood;
}

}  // namespace latchkey::server
