// What an operator can set, and how it is read: from a TOML file, then LATCHKEY_* variables, then flags. A
// later source overrides an earlier one. All three follow the one table in `settings_table.h`.
// Thread: the main thread reads the settings once, before anything else exists; afterwards any may read them.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/api/cookie_names.h"
#include "latchkey/api/sites.h"
#include "latchkey/base/log.h"
#include "latchkey/http/access_ring.h"
#include "latchkey/http/forwarded.h"
#include "latchkey/net/address.h"
#include "server/listen_address.h"
#include "server/log_line.h"

namespace latchkey::server {

/// What `access_log` is instead of a path.
inline constexpr std::string_view kAccessLogOnStderr = "stderr";

/// The members are in the order of the table and of `latchkeyd --help`, under the names of their keys. The
/// table and the help say what each accepts, and its bounds.
struct Settings {
  /// Where to accept requests.
  std::vector<ListenAddress> listen{{{net::IpAddress::from_v4(127, 0, 0, 1), 8080}, {}}};
  /// Where every connection must open with a PROXY protocol header (C-34).
  std::vector<net::Endpoint> proxy_listen;
  /// Where every request is a proxy's question (S-7).
  std::vector<VerifyAddress> verify_listen;
  /// Mode and group of the Unix sockets that these name (the group empty: the server's own). Whoever may
  /// connect is trusted as a proxy (C-34).
  unsigned unix_mode = 0660;
  std::string unix_group;
  /// Whether the service manager keeps the listening sockets over a restart (FileDescriptorStoreMax=).
  bool keep_sockets = false;
  /// Holds database, key file, lock and admin socket. If started as root, the server becomes their owner.
  std::filesystem::path data = "/var/lib/latchkey";
  /// Whether to create the directory (not its parents), the database and the key if they are missing.
  bool create = false;
  /// `<data>/latchkey.key` unless set; never empty once loaded.
  std::filesystem::path key_file;
  /// `<data>/admin.sock` unless set; never empty once loaded.
  std::filesystem::path admin_socket;
  /// Whose members may administer, beside root and the server's user; empty: nobody's. The socket's mode is
  /// then 0660.
  std::string admin_group;
  /// Where the main thread answers for health and metrics; nowhere unless set.
  std::vector<net::Endpoint> admin_listen;
  /// Core threads; 0: one for each CPU that the process may run on.
  std::size_t cores = 0;
  /// X-API-Node (C-4).
  std::string node = "localhost";
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
  /// Where the audit is written; empty: standard error.
  std::string audit_log;
  /// Where the access log is written: a path or `stderr`; empty: nowhere. And what of it, as
  /// http::AccessRules reads it.
  std::string access_log;
  std::string access_log_lines{http::kAllAccessLines};

  /// How long a token lives after its last use; whole seconds.
  std::chrono::milliseconds token_timeout = std::chrono::minutes(30);
  /// Live tokens per user (C-21); 0: any number.
  std::size_t tokens_per_user = 0;
  /// Live tokens, over all cores. Memory is taken as they come; addresses, 128 bytes per token, at the start.
  std::size_t tokens = 100'000'000;
  /// Dead tokens whose reason of death is remembered (C-33), over all cores.
  std::size_t tombstones = 1'000'000;

  /// Peers whose forwarding header is believed (C-34).
  std::vector<net::Network> trusted_proxy;
  http::ForwardedSource forwarded_source = http::ForwardedSource::kXForwardedFor;
  /// What binds a token (C-35): the address, the agent, and how much of the address.
  bool bind_address = true;
  bool bind_agent = true;
  int bind_ipv4_prefix = 32;
  int bind_ipv6_prefix = 128;
  /// Whether a session's row keeps address and agent as text (C-35).
  bool session_text = true;
  /// Whether `Authorization: Basic` is accepted (C-30), and whether at /auth/verify too.
  bool basic = true;
  bool verify_basic = false;
  /// The cookie that signs a browser in (S-2).
  std::string cookie_name{api::kDefaultCookieName};
  api::SameSite cookie_same_site = api::SameSite::kLax;
  /// Whether the sign-in page's cookie is `Secure` even if no trusted proxy says that the client uses TLS.
  bool secure_cookies = false;
  /// The fields that name the user of an admitted request (C-36).
  std::string user_field = "Remote-User";
  std::string groups_field = "Remote-Groups";
  std::string name_field = "Remote-Name";
  std::string email_field = "Remote-Email";
  /// Whether anybody is told the version (C-70). The pages tell those who are signed in.
  bool show_version = true;
  bool sandbox = true;
  /// Whether the server may stay root if root itself owns the data.
  bool allow_root = false;

  std::size_t body_limit_bytes = 65'536;
  std::size_t head_limit_bytes = 32'768;
  std::chrono::milliseconds header_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds body_timeout = std::chrono::seconds(20);
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(75);
  std::chrono::milliseconds write_timeout = std::chrono::seconds(20);
  /// How long requests in progress may take to end after SIGTERM.
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(10);
  /// How long after SIGTERM the server goes on as before, while /readyz already says that it drains.
  std::chrono::milliseconds drain_delay{0};
  /// Open connections, over all cores.
  std::size_t connections = 100'000;
  /// Open connections per client (C-20); 0: any number. Loopback and trusted proxies are bounded only if
  /// `counted_networks` names them.
  std::size_t connections_by_address = 1024;
  std::vector<net::Network> counted_networks;

  /// Argon2id: memory and passes per hash, threads that hash (0: as many as cores), logins that may wait.
  std::size_t hash_memory_bytes = std::size_t{19} * 1024 * 1024;
  std::size_t hash_passes = 2;
  std::size_t hash_threads = 0;
  std::size_t hash_queue = 256;

  /// Failed logins per user and per address (C-20) allowed at once, and again in each window; 0: any number.
  std::size_t login_failures_by_user = 10;
  std::size_t login_failures_by_address = 50;
  std::chrono::milliseconds login_failures_window = std::chrono::minutes(5);

  /// The most rows that the store is asked to write for tokens in use.
  std::size_t refresh_rows_per_second = 60'000;

  /// The `[[site]]` tables. Only a file can give them.
  std::vector<api::SiteRules> sites;
};

/// Maps each name to its value.
using Environment = std::map<std::string, std::string, std::less<>>;

/// `environ` as a map; entries without '=' are left out.
Environment to_environment(const char* const* entries);

enum class StartAction { kServe, kCheck, kPrintConfig, kPrintReference, kHelp, kVersion };

struct SettingsSources;

struct LoadedSettings {
  StartAction action = StartAction::kServe;
  /// Complete and within bounds if there is no problem.
  Settings settings;
  /// Everything that is wrong, one line each. A line begins with the place: `latchkeyd.toml:3: `,
  /// `LATCHKEY_NODE: `, `--node: `.
  std::vector<std::string> problems;
  /// What is odd but does not prevent a start, in the same form. Names variables, but not their values.
  std::vector<std::string> warnings;
  /// Where they are from. A reload reads the file again and leaves the others as they are.
  std::shared_ptr<const SettingsSources> sources;
};

/// Reads all sources; `arguments` begins with the program's name. An unknown key or flag is a problem that
/// names the nearest known one. An unknown variable is only a warning, because a cluster adds variables of
/// its own (a service called latchkey has LATCHKEY_PORT). It never fails otherwise, and reads no file except
/// the one that --config names.
LoadedSettings load_settings(int argument_count, const char* const* arguments,
                             const Environment& environment);

/// Does what the command line asks for, short of serving and of looking at the data. Prints help, version,
/// the settings in force, or that they are good to `out`; problems to `err`; warnings too unless the log will
/// have them. Returns the process's exit status, or nothing if the action is still to be done.
std::optional<int> answer_without_serving(const LoadedSettings& loaded, std::ostream& out, std::ostream& err);

}  // namespace latchkey::server
