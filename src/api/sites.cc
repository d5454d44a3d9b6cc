#include "latchkey/api/sites.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_map>
#include <utility>

#include "latchkey/http/characters.h"

namespace latchkey::api {

namespace {

constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035 §2.3.4, as text
constexpr std::size_t kMaxLabelBytes = 63;
// With it, the head of the answer that sends a browser there fits into a proxy's buffer of 4 KiB.
constexpr std::size_t kMaxDestinationBytes = 2048;
constexpr std::string_view kBelow = "*.";

bool is_label(std::string_view label) noexcept {
  if (label.empty() || label.size() > kMaxLabelBytes) return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return http::is_alphanumeric(c) || c == '-' || c == '_'; });
}

/// Labels between dots.
bool is_host_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > kMaxHostBytes) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

std::string folded(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), http::to_lower);
  return lower;
}

std::string_view without_root_dot(std::string_view host) noexcept {
  return host.size() > 1 && host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
}

/// Whether `host` is `domain` or a name below it. Both are in lower case.
bool is_at_or_below(std::string_view host, std::string_view domain) noexcept {
  if (!host.ends_with(domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

/// A host's name in lower case without the root's dot, without an allocation.
class FoldedHost {
 public:
  explicit FoldedHost(std::string_view host) noexcept {
    host = without_root_dot(host);
    if (host.size() > bytes_.size()) return;
    std::transform(host.begin(), host.end(), bytes_.begin(), http::to_lower);
    size_ = host.size();
  }
  /// Empty if it is too long to be a host.
  std::string_view text() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::array<char, kMaxHostBytes> bytes_;
  std::size_t size_ = 0;
};

/// Whether some application may read the path as another one than it looks.
bool is_ambiguous(std::string_view path) noexcept {
  if (path.find_first_of("%;\\#?") != std::string_view::npos) return true;
  if (!http::all_are(http::kTargetCharacter, path)) return true;
  if (path.find("//") != std::string_view::npos) return true;
  for (std::size_t at = path.find("/."); at != std::string_view::npos; at = path.find("/.", at + 1)) {
    const std::string_view segment = path.substr(at + 1, path.find('/', at + 1) - at - 1);
    if (segment == "." || segment == "..") return true;
  }
  return false;
}

/// An entry of `hosts`, as it is written.
struct HostEntry {
  bool is_below = false;  ///< for all names below the host
  http::Authority authority;
};

/// Nothing if it is no host, or one that is followed by more than a port.
std::optional<HostEntry> parse_host_entry(std::string_view text) noexcept {
  HostEntry entry;
  entry.is_below = text.starts_with(kBelow);
  if (entry.is_below) text.remove_prefix(kBelow.size());
  const std::optional<http::Authority> authority = http::parse_authority(text);
  if (!authority || !is_host_name(authority->host)) return std::nullopt;
  entry.authority = *authority;
  return entry;
}

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};
template <class Value>
using ByText = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

}  // namespace

struct Sites::Pattern {
  std::optional<unsigned> port;
  const Site* site;
};

struct Sites::Patterns {
  ByText<std::vector<Pattern>> exact;
  ByText<std::vector<Pattern>> below;  ///< by the name behind `*.`
  std::vector<std::string> cookie_domains;

  static const Pattern* choose(const ByText<std::vector<Pattern>>& patterns, std::string_view name,
                               unsigned port) noexcept {
    const auto found = patterns.find(name);
    if (found == patterns.end()) return nullptr;
    const Pattern* any_port = nullptr;
    for (const Pattern& pattern : found->second) {
      if (pattern.port == port) return &pattern;
      if (!pattern.port) any_port = &pattern;
    }
    return any_port;
  }

  const Pattern* find(std::string_view host, unsigned port) const noexcept {
    if (host.empty()) return nullptr;
    if (const Pattern* const pattern = choose(exact, host, port)) return pattern;
    // What is no name of a host could be read as another one behind the proxy.
    if (below.empty() || !is_host_name(host)) return nullptr;
    for (std::size_t dot = host.find('.', 1); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
      if (const Pattern* const pattern = choose(below, host.substr(dot + 1), port)) return pattern;
    }
    return nullptr;
  }
};

namespace {

/// What is wrong with one site, and its texts in the form in which they are compared.
class SiteCheck {
 public:
  SiteCheck(SiteRules& rules, std::size_t number) : rules_(rules), number_(number) {}

  Result<void> run() {
    if (rules_.hosts.empty()) return refuse("hosts: it names none: write hosts = [\"app.example.com\"]");
    LATCHKEY_TRY(check_bounds());
    for (std::string& host : rules_.hosts) LATCHKEY_TRY(check_host(host));
    LATCHKEY_TRY(check_sign_in());
    LATCHKEY_TRY(check_cookie_domain());
    for (const std::string& path : rules_.public_paths) LATCHKEY_TRY(check_path(path));
    return {};
  }

 private:
  Result<void> refuse(std::string_view what) const {
    return failure(ErrorCode::kInvalid, fmt::format("site {}: {}", number_, what));
  }

  Result<void> check_bounds() const {
    for (const auto& [key, list] :
         {std::pair("hosts", &rules_.hosts), std::pair("users", &rules_.users),
          std::pair("groups", &rules_.groups), std::pair("public", &rules_.public_paths)}) {
      if (list->size() > kMaxSiteElements)
        return refuse(fmt::format("{}: it has over {} elements", key, kMaxSiteElements));
      for (const std::string& text : *list) {
        if (text.empty() || text.size() > kMaxSiteTextBytes)
          return refuse(fmt::format("{}: an element has 1 to {} bytes", key, kMaxSiteTextBytes));
      }
    }
    return {};
  }

  Result<void> check_host(std::string& host) const {
    host = folded(host);
    if (parse_host_entry(host)) return {};
    return refuse(fmt::format(
        "hosts: '{}' is no host: write a name as app.example.com, *.example.com for all names below it, or "
        "either with a port as app.example.com:8443",
        host));
  }

  Result<void> check_sign_in() const {
    if (rules_.sign_in.empty()) return {};
    const auto url = http::parse_http_url(rules_.sign_in);
    const bool is_good = url && rules_.sign_in.size() <= kMaxSiteTextBytes && url->rest.starts_with('/') &&
                         http::all_are(http::kTargetCharacter, rules_.sign_in) &&
                         is_host_name(without_root_dot(url->authority.host));
    if (is_good) return {};
    return refuse(fmt::format("sign_in: '{}' is no URL of a page: write it as https://auth.example.com/auth/",
                              rules_.sign_in));
  }

  Result<void> check_cookie_domain() const {
    std::string& domain = rules_.cookie_domain;
    if (domain.empty()) return {};
    domain = folded(domain);
    if (domain.starts_with('.')) domain.erase(0, 1);
    if (!is_host_name(domain) || domain.find('.') == std::string::npos)
      return refuse(fmt::format("cookie_domain: '{}' is no domain: write it as example.com", domain));
    for (const std::string& host : rules_.hosts) {
      if (is_at_or_below(parse_host_entry(host)->authority.host, domain)) continue;
      return refuse(
          fmt::format("cookie_domain: browsers do not send a cookie of {} to {}: give that host a "
                      "site of its own",
                      domain, host));
    }
    const auto url = http::parse_http_url(rules_.sign_in);
    if (!url || is_at_or_below(folded(url->authority.host), domain)) return {};
    return refuse(
        fmt::format("cookie_domain: the sign-in page {} cannot set a cookie of {}: let it be on a "
                    "host of that domain",
                    rules_.sign_in, domain));
  }

  Result<void> check_path(const std::string& path) const {
    if (path.starts_with('/') && path != "/" && !is_ambiguous(path)) return {};
    return refuse(
        fmt::format("public: '{}' is no path that can be public: write it as /assets/ for all below "
                    "it, or as /health for this one, without %, ;, \\, // and dot segments",
                    path));
  }

  SiteRules& rules_;
  const std::size_t number_;
};

}  // namespace

Site::Site(SiteRules rules)
    : rules_([&rules] {
        std::sort(rules.users.begin(), rules.users.end());
        std::sort(rules.groups.begin(), rules.groups.end());
        return std::move(rules);
      }()) {}

bool Site::admits(std::string_view user, std::span<const std::string> groups) const noexcept {
  if (is_for_everybody()) return true;
  if (std::binary_search(rules_.users.begin(), rules_.users.end(), user)) return true;
  return std::any_of(rules_.groups.begin(), rules_.groups.end(), [groups](const std::string& group) {
    return std::binary_search(groups.begin(), groups.end(), group);
  });
}

bool Site::is_public(std::string_view path) const noexcept {
  if (rules_.public_paths.empty() || is_ambiguous(path)) return false;
  return std::any_of(rules_.public_paths.begin(), rules_.public_paths.end(), [path](const std::string& open) {
    return open.ends_with('/') ? path.starts_with(open) : path == open;
  });
}

Result<Sites> Sites::create(std::vector<SiteRules> rules) {
  Sites sites;
  if (rules.size() > kMaxSites)
    return failure(ErrorCode::kInvalid, fmt::format("site: there are over {} of them", kMaxSites));
  auto patterns = std::make_shared<Patterns>();
  std::size_t number = 0;
  for (SiteRules& each : rules) {
    ++number;
    LATCHKEY_TRY(SiteCheck(each, number).run());
    sites.sites_.push_back(std::make_shared<const Site>(std::move(each)));
    const Site& site = *sites.sites_.back();
    for (const std::string& host : site.rules().hosts) {
      const std::optional<HostEntry> entry = parse_host_entry(host);
      const std::optional<unsigned> port = entry->authority.port;
      std::vector<Pattern>& same =
          (entry->is_below ? patterns->below : patterns->exact)[std::string(entry->authority.host)];
      const bool is_twice = std::any_of(same.begin(), same.end(),
                                        [port](const Pattern& pattern) { return pattern.port == port; });
      if (is_twice) {
        return failure(ErrorCode::kInvalid,
                       fmt::format("site {}: hosts: {} is named twice: name it in one site", number, host));
      }
      same.push_back({port, &site});
    }
    if (!site.rules().cookie_domain.empty()) patterns->cookie_domains.push_back(site.rules().cookie_domain);
  }
  std::sort(patterns->cookie_domains.begin(), patterns->cookie_domains.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  sites.patterns_ = std::move(patterns);
  return sites;
}

const Site* Sites::find(bool is_https, const http::Authority& authority) const noexcept {
  if (empty() || authority.address) return nullptr;
  const FoldedHost host(authority.host);
  const unsigned port = authority.port_or(is_https ? http::kHttpsPort : http::kHttpPort);
  const Pattern* const found = patterns_->find(host.text(), port);
  return found == nullptr ? nullptr : found->site;
}

std::optional<Destination> Sites::destination(std::string_view rd) const {
  if (empty() || rd.size() > kMaxDestinationBytes) return std::nullopt;
  if (!http::all_are(http::kTargetCharacter, rd) || rd.find('\\') != std::string_view::npos)
    return std::nullopt;
  const auto url = http::parse_http_url(rd);
  if (!url || url->authority.address) return std::nullopt;
  const FoldedHost host(url->authority.host);
  const Pattern* const found = patterns_->find(host.text(), url->port());
  if (found == nullptr) return std::nullopt;
  if (!found->port && url->port() != url->default_port()) return std::nullopt;
  const auto sign_in = http::parse_http_url(found->site->rules().sign_in);
  if (!sign_in || sign_in->is_https != url->is_https) return std::nullopt;
  std::string text = fmt::format("{}://{}", url->is_https ? "https" : "http", host.text());
  if (url->port() != url->default_port()) fmt::format_to(std::back_inserter(text), ":{}", url->port());
  if (!url->rest.starts_with('/')) text += '/';
  text += url->rest;
  return Destination{std::move(text), std::string(host.text()), found->site};
}

std::string_view Sites::cookie_domain_of(std::string_view host) const noexcept {
  if (empty()) return {};
  const FoldedHost name(host);
  for (const std::string& domain : patterns_->cookie_domains) {
    if (is_at_or_below(name.text(), domain)) return domain;
  }
  return {};
}

}  // namespace latchkey::api
