#include "server/settings_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>

#include "latchkey/base/assert.h"
#include "latchkey/base/time_text.h"
#include "latchkey/credential/hash_scheme.h"
#include "latchkey/credential/throttle.h"
#include "latchkey/http/characters.h"

namespace latchkey::server {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::string_view_literals;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
constexpr std::size_t kGiB = 1024 * kMiB;

constexpr std::size_t kMaxListeners = 64;
constexpr std::size_t kMaxAdminListeners = 4;
constexpr std::size_t kMaxTrustedNetworks = 256;
constexpr std::size_t kMaxCountedNetworks = 256;
constexpr std::size_t kMaxPathBytes = 4095;  // PATH_MAX without its NUL.
constexpr std::size_t kMaxNodeBytes = 253;   // A host name's bound (RFC 1035 §2.3.4).
constexpr std::size_t kMaxGroupBytes = 32;   // useradd(8) takes no longer name.
constexpr std::size_t kMaxFieldNameBytes = 64;
constexpr std::size_t kMaxWhichBytes = 32;
constexpr milliseconds kShortest{10};

constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLogLevels = {{
    {"debug", LogLevel::kDebug},
    {"info", LogLevel::kInfo},
    {"warning", LogLevel::kWarning},
    {"error", LogLevel::kError},
}};

constexpr std::array<std::pair<std::string_view, LogFormat>, 2> kLogFormats = {{
    {"logfmt", LogFormat::kLogfmt},
    {"json", LogFormat::kJson},
}};

constexpr std::array<std::pair<std::string_view, http::ForwardedSource>, 2> kForwardedSources = {{
    {"x-forwarded-for", http::ForwardedSource::kXForwardedFor},
    {"forwarded", http::ForwardedSource::kForwarded},
}};

constexpr std::array<std::pair<std::string_view, api::SameSite>, 2> kSameSites = {{
    {"lax", api::SameSite::kLax},
    {"strict", api::SameSite::kStrict},
}};

using Count = NumberKind<std::size_t>;
using Prefix = NumberKind<int>;

bool is_field_name(std::string_view name) noexcept { return http::all_are(http::kTokenCharacter, name); }

constexpr NameKind field_name(std::string Settings::*member) noexcept {
  return {member, kMaxFieldNameBytes, is_field_name, "letters, digits, - _ and the like"};
}

using enum Reload;

constexpr std::string_view kAbsolutePath = "characters without a blank, as a path that begins with /";
constexpr std::string_view kAccessLogPlaces =
    "characters without a blank: stderr, or a path that begins with /";
constexpr std::string_view kAccessRules = "characters: errors, sampled:N with N from 2 to 1000000, or all";

bool is_absolute(std::string_view text) noexcept { return text.starts_with('/'); }
bool is_access_log(std::string_view text) noexcept { return text == kAccessLogOnStderr || is_absolute(text); }
bool is_access_rule(std::string_view text) noexcept { return http::AccessRules::parse(text).has_value(); }

constexpr Setting kTable[] = {
    {"listen", "ADDRESS", kRestart, ListKind<ListenAddress>{&Settings::listen, kMaxListeners},
     "Where to accept requests; port 0 takes a free one."},
    {"proxy_listen", "ADDR:PORT", kRestart, ListKind<net::Endpoint>{&Settings::proxy_listen, kMaxListeners},
     "Where every connection must open with a PROXY protocol header, and come from a trusted_proxy."},
    {"verify_listen", "ADDRESS", kRestart, ListKind<VerifyAddress>{&Settings::verify_listen, kMaxListeners},
     "Where every request is a proxy's question, whatever its path, and nothing else exists."},
    {"unix_mode", "MODE", kRestart, ModeKind{&Settings::unix_mode, 0600, 0777},
     "The mode of the Unix sockets of listen and verify_listen; who may connect is trusted as a proxy."},
    {"unix_group", "GROUP", kRestart,
     NameKind{.member = &Settings::unix_group, .max_bytes = kMaxGroupBytes, .may_be_empty = true},
     "The group of these sockets; empty is the server's own."},
    {"keep_sockets", "", kRestart, SwitchKind{&Settings::keep_sockets},
     "A service manager keeps the listening sockets over a restart (FileDescriptorStoreMax=)."},
    {"data", "DIR", kRestart, PathKind{&Settings::data, kMaxPathBytes},
     "Where the database and the key stand."},
    {"create", "", kRestart, SwitchKind{&Settings::create},
     "That directory, its database and its key are made where they are missing."},
    {"key_file", "FILE", kRestart, PathKind{&Settings::key_file, kMaxPathBytes, "<data>/latchkey.key"},
     "The key that tokens are made with."},
    {"admin_socket", "FILE", kRestart,
     PathKind{&Settings::admin_socket, kMaxSocketPathBytes, "<data>/admin.sock"},
     "Where the latchkey command reaches the running server."},
    {"admin_group", "GROUP", kRestart,
     NameKind{.member = &Settings::admin_group, .max_bytes = kMaxGroupBytes, .may_be_empty = true},
     "The group whose members may administer through it; empty leaves it to root and the server's user."},
    {"admin_listen", "ADDR:PORT", kRestart,
     ListKind<net::Endpoint>{&Settings::admin_listen, kMaxAdminListeners},
     "Where whoever can reach it is told of health and metrics, over plain HTTP."},
    {"cores", "N", kRestart, Count{&Settings::cores, 0, 512},
     "Core threads; 0 is one for each CPU it may run on."},
    {"node", "NAME", kNow, NameKind{&Settings::node, kMaxNodeBytes},
     "This server's name, sent as X-API-Node."},
    {"log_level", "LEVEL", kNow, ChoiceKind<LogLevel>{&Settings::log_level, kLogLevels},
     "The least that is logged."},
    {"log_format", "FORMAT", kRestart, ChoiceKind<LogFormat>{&Settings::log_format, kLogFormats},
     "How a line of the log is written."},
    {"audit_log", "FILE", kRestart,
     NameKind{&Settings::audit_log, kMaxPathBytes, is_absolute, kAbsolutePath, true},
     "Where lines about what was answered or changed are written; empty is standard error, among the others."},
    {"access_log", "FILE", kRestart,
     NameKind{&Settings::access_log, kMaxPathBytes, is_access_log, kAccessLogPlaces, true},
     "Where a line for each request is written, or stderr; empty is nowhere."},
    {"access_log_lines", "WHICH", kRestart,
     NameKind{&Settings::access_log_lines, kMaxWhichBytes, is_access_rule, kAccessRules},
     "Which requests have a line there: those that are refused, one of N beside them, or all."},

    {"token_timeout", "DURATION", kRestart,
     DurationKind{&Settings::token_timeout, seconds(1), hours(365 * 24), seconds(1)},
     "How long a token lives after its last use."},
    {"tokens_per_user", "N", kNow, Count{&Settings::tokens_per_user, 0, 1'000'000},
     "Live tokens of a user, above which the oldest end; 0 is any number."},
    {"tokens", "N", kRestart, Count{&Settings::tokens, 1000, 500'000'000},
     "Live tokens in all, shared out among the cores; over it a login is refused."},
    {"tombstones", "N", kRestart, Count{&Settings::tombstones, 0, 1'000'000'000},
     "Dead tokens whose reason of death is kept for their holder."},

    {"trusted_proxy", "CIDR", kNow, ListKind<net::Network>{&Settings::trusted_proxy, kMaxTrustedNetworks},
     "Proxies whose word on the client's address is taken; no network in which there are clients."},
    {"forwarded_source", "NAME", kNow,
     ChoiceKind<http::ForwardedSource>{&Settings::forwarded_source, kForwardedSources},
     "The one header in which trusted proxies send the client's address."},
    {"bind_address", "", kRestart, SwitchKind{&Settings::bind_address},
     "A token works from its own address alone."},
    {"bind_agent", "", kRestart, SwitchKind{&Settings::bind_agent},
     "A token works with its own User-Agent alone."},
    {"bind_ipv4_prefix", "BITS", kRestart, Prefix{&Settings::bind_ipv4_prefix, 8, 32},
     "How much of an IPv4 address binds a token."},
    {"bind_ipv6_prefix", "BITS", kRestart, Prefix{&Settings::bind_ipv6_prefix, 16, 128},
     "How much of an IPv6 address binds a token."},
    {"session_text", "", kNow, SwitchKind{&Settings::session_text},
     "Sessions keep address and agent as readable text."},
    {"basic", "", kNow, SwitchKind{&Settings::basic}, "Authorization: Basic is taken."},
    {"verify_basic", "", kNow, SwitchKind{&Settings::verify_basic},
     "Authorization: Basic is taken at /auth/verify too."},
    {"cookie_name", "NAME", kNow,
     NameKind{&Settings::cookie_name, api::kMaxCookieNameBytes, api::is_cookie_name,
              "letters, digits, - . _ and the like, not beginning with __"},
     "The cookie that a sign-in sets, with __Host- before it under TLS; token is read beside it."},
    {"cookie_same_site", "MODE", kNow, ChoiceKind<api::SameSite>{&Settings::cookie_same_site, kSameSites},
     "Whether a link on another site brings the cookie along (lax) or not (strict)."},
    {"secure_cookies", "", kNow, SwitchKind{&Settings::secure_cookies},
     "Cookies are Secure always, not only where a trusted proxy says https."},
    {"user_field", "NAME", kNow, field_name(&Settings::user_field),
     "The header field that names the user of an admitted request, beside X-Auth-User."},
    {"groups_field", "NAME", kNow, field_name(&Settings::groups_field),
     "The one that lists the user's groups."},
    {"name_field", "NAME", kNow, field_name(&Settings::name_field),
     "The one with the user's first and last name."},
    {"email_field", "NAME", kNow, field_name(&Settings::email_field),
     "The one with the user's e-mail address."},
    {"show_version", "", kNow, SwitchKind{&Settings::show_version},
     "The ping and the OpenAPI document tell anybody the version."},

    {"sandbox", "", kRestart, SwitchKind{&Settings::sandbox},
     "The process gives up capabilities, files, sockets and system calls that it does not need."},
    {"allow_root", "", kRestart, SwitchKind{&Settings::allow_root},
     "Started as root over data of root's own it stays root, instead of ending with a sentence."},

    {"body_limit", "BYTES", kNow, BytesKind{&Settings::body_limit_bytes, kKiB, 16 * kMiB},
     "The longest body of a request."},
    {"head_limit", "BYTES", kNow, BytesKind{&Settings::head_limit_bytes, kKiB, 64 * kKiB},
     "The longest head of a request."},
    {"header_timeout", "DURATION", kNow, DurationKind{&Settings::header_timeout, kShortest, hours(1)},
     "How long a head may take to arrive."},
    {"body_timeout", "DURATION", kNow, DurationKind{&Settings::body_timeout, kShortest, hours(1)},
     "How long a body may take to arrive."},
    {"idle_timeout", "DURATION", kNow, DurationKind{&Settings::idle_timeout, kShortest, hours(24)},
     "How long a connection may wait for its next request."},
    {"write_timeout", "DURATION", kNow, DurationKind{&Settings::write_timeout, kShortest, hours(1)},
     "How long an answer may take to be received."},
    {"drain_timeout", "DURATION", kNow, DurationKind{&Settings::drain_timeout, milliseconds(0), hours(1)},
     "How long open requests may take to end after SIGTERM."},
    {"drain_delay", "DURATION", kNow, DurationKind{&Settings::drain_delay, milliseconds(0), hours(1)},
     "How long after SIGTERM it goes on as before, while /readyz already says that it drains."},
    {"connections", "N", kNewConnections, Count{&Settings::connections, 1, 10'000'000},
     "Open connections, in all."},
    {"connections_by_address", "N", kNewConnections, Count{&Settings::connections_by_address, 0, 10'000'000},
     "Open connections of a client's address (IPv6: its /64), in all; 0 is any number."},
    {"counted_networks", "CIDR", kNewConnections,
     ListKind<net::Network>{&Settings::counted_networks, kMaxCountedNetworks},
     "Where connections_by_address counts loopback and trusted_proxy too, which it otherwise does not."},

    {"hash_memory", "BYTES", kRestart,
     BytesKind{&Settings::hash_memory_bytes, credential::kMinHashMemoryBytes,
               credential::kMaxHashMemoryBytes},
     "Memory that one password hash (Argon2id) takes."},
    {"hash_passes", "N", kRestart,
     Count{&Settings::hash_passes, credential::kMinHashPasses, credential::kMaxHashPasses},
     "Passes that it makes over that memory."},
    {"hash_threads", "N", kRestart, Count{&Settings::hash_threads, 0, 512},
     "Threads that hash, beside a standby for four of them; 0 is as many as cores."},
    {"hash_queue", "N", kNow, Count{&Settings::hash_queue, 1, 65'536},
     "Logins that may wait for a thread, in all."},
    {"login_failures_by_user", "N", kNow,
     Count{&Settings::login_failures_by_user, 0, credential::FailureMeter::kMaxFailures},
     "Failed logins that a user name may have at once, and again in each window; 0 is any number."},
    {"login_failures_by_address", "N", kNow,
     Count{&Settings::login_failures_by_address, 0, credential::FailureMeter::kMaxFailures},
     "The same for an address (IPv6: its /64)."},
    {"login_failures_window", "DURATION", kNow,
     DurationKind{&Settings::login_failures_window, milliseconds(credential::FailureMeter::kMinWindowMs),
                  milliseconds(credential::FailureMeter::kMaxWindowMs)},
     "How long it takes until as many logins may fail again."},

    {"refresh_rows_per_second", "N", kNow, Count{&Settings::refresh_rows_per_second, 1, 100'000'000},
     "Rows that tokens in use may cost the database, at most."},
};

struct Unit {
  std::string_view name;
  std::size_t bytes;
};
constexpr std::array<Unit, 4> kUnits = {{{"GiB", kGiB}, {"MiB", kMiB}, {"KiB", kKiB}, {"", 1}}};

std::string to_bytes_text(std::size_t bytes) {
  for (const Unit& unit : kUnits) {
    if (bytes % unit.bytes == 0 && bytes != 0) return fmt::format("{}{}", bytes / unit.bytes, unit.name);
  }
  return "0";
}

/// Digits and nothing else, within the bounds.
template <class Number>
std::optional<Number> parse_number(std::string_view text, Number least, Number most) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || after != end || text.front() == '-' || number < least || number > most)
    return {};
  return number;
}

std::optional<std::size_t> parse_bytes(std::string_view text, const BytesKind& kind) {
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const std::string_view digits = text.substr(0, text.size() - unit.name.size());
    const auto count = parse_number(digits, std::size_t{0}, kind.most / unit.bytes);
    if (!count || *count * unit.bytes < kind.least) return {};
    return *count * unit.bytes;
  }
  return {};
}

std::optional<milliseconds> parse_bounded_duration(std::string_view text, const DurationKind& kind) {
  const auto duration = parse_duration(text);
  if (!duration || *duration < kind.least || *duration > kind.most) return {};
  if (duration->count() % kind.step.count() != 0) return {};
  return *duration;
}

/// Octal digits and nothing else.
std::optional<unsigned> parse_mode(std::string_view text, const ModeKind& kind) {
  unsigned mode = 0;
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, mode, 8);
  if (error != std::errc{} || after != end || (mode & kind.least) != kind.least || (mode & ~kind.most) != 0)
    return {};
  return mode;
}

bool is_name(std::string_view text, const NameKind& kind) {
  if (text.empty()) return kind.may_be_empty;
  return text.size() <= kind.max_bytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; }) &&
         (kind.accepts == nullptr || kind.accepts(text));
}

bool is_path(std::string_view text, const PathKind& kind) {
  // A shell would have expanded this to the home directory; a file's text is taken literally.
  if (text == "~" || text.starts_with("~/")) return false;
  return !text.empty() && text.size() <= kind.max_bytes && text.find('\0') == std::string_view::npos;
}

/// Each structure below is one column of the kinds: what is expected, how text becomes a value, and how a
/// value becomes text.
struct Expectation {
  std::string operator()(const SwitchKind&) const { return "true or false"; }
  template <class Number>
  std::string operator()(const NumberKind<Number>& kind) const {
    return fmt::format("a whole number from {} to {}", kind.least, kind.most);
  }
  std::string operator()(const BytesKind& kind) const {
    return fmt::format("a number of bytes from {} to {}, plain or in KiB, MiB or GiB",
                       to_bytes_text(kind.least), to_bytes_text(kind.most));
  }
  std::string operator()(const DurationKind& kind) const {
    return fmt::format("a duration from {} to {}{}, a whole number of ms, s, m, h or d",
                       to_duration_text(kind.least), to_duration_text(kind.most),
                       kind.step == milliseconds(1) ? "" : " in steps of " + to_duration_text(kind.step));
  }
  std::string operator()(const NameKind& kind) const {
    return fmt::format("a name of {} to {} {}", kind.may_be_empty ? 0 : 1, kind.max_bytes, kind.characters);
  }
  std::string operator()(const ModeKind& kind) const {
    return fmt::format("a mode from {:04o} to {:04o}, in octal", kind.least, kind.most);
  }
  std::string operator()(const PathKind& kind) const {
    return fmt::format("a path of 1 to {} bytes", kind.max_bytes);
  }
  template <class Choice>
  std::string operator()(const ChoiceKind<Choice>& kind) const {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : kind.names) names.push_back(name);
    return fmt::format("one of {}", fmt::join(names, ", "));
  }
  std::string operator()(const ListKind<net::Endpoint>& kind) const {
    return fmt::format("up to {} addresses with ports, as 127.0.0.1:8080 or [::1]:8080", kind.max_elements);
  }
  std::string operator()(const ListKind<ListenAddress>& kind) const {
    return fmt::format("up to {} addresses, as 127.0.0.1:8080, [::1]:8080 or unix:/run/latchkey.sock",
                       kind.max_elements);
  }
  std::string operator()(const ListKind<VerifyAddress>& kind) const {
    return fmt::format(
        "up to {} addresses of nginx, or as forward@127.0.0.1:9001 or envoy@unix:/run/ask.sock",
        kind.max_elements);
  }
  std::string operator()(const ListKind<net::Network>& kind) const {
    return fmt::format("up to {} networks, as 10.0.0.0/8 or 2001:db8::/32", kind.max_elements);
  }
};

struct Assignment {
  const Setting& setting;
  std::span<const std::string> values;
  Settings& settings;

  const std::string& value() const { return values.back(); }

  Result<void> refuse() const {
    return failure(ErrorCode::kInvalid, fmt::format("'{}' is not {}", value(), expectation_of(setting)));
  }

  template <class Member, class Value>
  Result<void> set(Member Settings::*member, const std::optional<Value>& parsed) const {
    if (!parsed) return refuse();
    settings.*member = *parsed;
    return {};
  }

  Result<void> operator()(const SwitchKind& kind) const {
    if (value() != "true" && value() != "false") return refuse();
    settings.*kind.member = value() == "true";
    return {};
  }
  template <class Number>
  Result<void> operator()(const NumberKind<Number>& kind) const {
    return set(kind.member, parse_number(value(), kind.least, kind.most));
  }
  Result<void> operator()(const BytesKind& kind) const {
    return set(kind.member, parse_bytes(value(), kind));
  }
  Result<void> operator()(const DurationKind& kind) const {
    return set(kind.member, parse_bounded_duration(value(), kind));
  }
  Result<void> operator()(const NameKind& kind) const {
    if (!is_name(value(), kind)) return refuse();
    settings.*kind.member = value();
    return {};
  }
  Result<void> operator()(const ModeKind& kind) const { return set(kind.member, parse_mode(value(), kind)); }
  Result<void> operator()(const PathKind& kind) const {
    if (!is_path(value(), kind)) return refuse();
    settings.*kind.member = value();
    return {};
  }
  template <class Choice>
  Result<void> operator()(const ChoiceKind<Choice>& kind) const {
    const auto found = std::find_if(kind.names.begin(), kind.names.end(),
                                    [this](const auto& name) { return name.first == value(); });
    if (found == kind.names.end()) return refuse();
    settings.*kind.member = found->second;
    return {};
  }
  template <class Element>
  Result<void> operator()(const ListKind<Element>& kind) const {
    if (values.size() > kind.max_elements) {
      return failure(ErrorCode::kInvalid,
                     fmt::format("{} are too many: expected {}", values.size(), expectation_of(setting)));
    }
    std::vector<Element> elements;
    for (const std::string& text : values) {
      LATCHKEY_TRY(Element element, Element::parse(text));
      elements.push_back(std::move(element));
    }
    settings.*kind.member = std::move(elements);
    return {};
  }
};

struct ValuesInForce {
  const Settings& settings;
  using Values = std::vector<std::string>;

  Values operator()(const SwitchKind& kind) const { return {settings.*kind.member ? "true" : "false"}; }
  template <class Number>
  Values operator()(const NumberKind<Number>& kind) const {
    return {fmt::to_string(settings.*kind.member)};
  }
  Values operator()(const BytesKind& kind) const { return {to_bytes_text(settings.*kind.member)}; }
  Values operator()(const DurationKind& kind) const { return {to_duration_text(settings.*kind.member)}; }
  Values operator()(const NameKind& kind) const { return {settings.*kind.member}; }
  Values operator()(const ModeKind& kind) const { return {fmt::format("{:04o}", settings.*kind.member)}; }
  Values operator()(const PathKind& kind) const {
    const std::filesystem::path& path = settings.*kind.member;
    return {path.empty() ? std::string(kind.derived_default) : path.string()};
  }
  template <class Choice>
  Values operator()(const ChoiceKind<Choice>& kind) const {
    for (const auto& [name, value] : kind.names) {
      if (value == settings.*kind.member) return {std::string(name)};
    }
    return {};
  }
  template <class Element>
  Values operator()(const ListKind<Element>& kind) const {
    Values values;
    for (const Element& element : settings.*kind.member) values.push_back(element.to_text());
    return values;
  }
};

std::string spelled(std::string_view prefix, std::string_view key, auto convert) {
  std::string text(prefix);
  std::transform(key.begin(), key.end(), std::back_inserter(text), convert);
  return text;
}

}  // namespace

std::string_view name_of(Reload reload) noexcept {
  if (reload == kNow) return "now";
  return reload == kNewConnections ? "new connections" : "restart";
}

std::string Setting::flag() const {
  return spelled("--", key, [](char c) { return c == '_' ? '-' : c; });
}

std::string Setting::variable() const {
  return spelled("LATCHKEY_", key,
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
}

bool Setting::is_list() const noexcept {
  return std::holds_alternative<ListKind<ListenAddress>>(kind) ||
         std::holds_alternative<ListKind<net::Endpoint>>(kind) ||
         std::holds_alternative<ListKind<VerifyAddress>>(kind) ||
         std::holds_alternative<ListKind<net::Network>>(kind);
}

std::span<const Setting> settings_table() noexcept { return kTable; }

const Setting* find_setting(std::string_view key) noexcept {
  const auto* const found = std::find_if(std::begin(kTable), std::end(kTable),
                                         [key](const Setting& setting) { return setting.key == key; });
  return found == std::end(kTable) ? nullptr : found;
}

std::string expectation_of(const Setting& setting) { return std::visit(Expectation{}, setting.kind); }

Result<void> assign(const Setting& setting, std::span<const std::string> values, Settings& settings) {
  LATCHKEY_ASSERT(setting.is_list() || !values.empty());
  return std::visit(Assignment{setting, values, settings}, setting.kind);
}

std::vector<std::string> values_of(const Setting& setting, const Settings& settings) {
  return std::visit(ValuesInForce{settings}, setting.kind);
}

}  // namespace latchkey::server
