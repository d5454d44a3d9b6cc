// Sites: the hosts that Latchkey guards, and who may enter each of them (S-9). Made at start from the
// operator's `[[site]]` tables and constant afterwards.
// Thread: any.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/http/authority.h"

namespace latchkey::api {

inline constexpr std::size_t kMaxSites = 256;
inline constexpr std::size_t kMaxSiteElements = 256;    ///< in each list of a site
inline constexpr std::size_t kMaxSiteTextBytes = 1024;  ///< of each text of a site

/// One site as the operator writes it. `Sites::create` checks it.
struct SiteRules {
  /// `app.example.com`, or `*.example.com` for every name below `example.com`; `:port` may follow. Without a
  /// port an entry is for any port, except in a destination: there it is for the default port of its scheme.
  std::vector<std::string> hosts;
  /// The domain that the cookie of a sign-in is sent to, with all hosts below it. Empty: only to the host of
  /// the sign-in page.
  std::string cookie_domain;
  /// The absolute URL of the sign-in page. Empty: nobody is sent anywhere.
  std::string sign_in;
  /// Who may enter: these users, and everybody in one of these groups. If both are empty, everybody who is
  /// signed in.
  std::vector<std::string> users;
  std::vector<std::string> groups;
  /// Paths that are answered without asking: exactly this one, or everything below it if it ends in `/`.
  std::vector<std::string> public_paths;
  /// Whether CORS preflight requests, which carry no credentials, are admitted.
  bool preflight = false;
  /// Whether a navigation without a valid token is sent to `sign_in`, or gets 401 like any other request.
  bool redirect = true;
};

/// A checked site.
class Site {
 public:
  /// Requires: `rules` are checked.
  explicit Site(SiteRules rules);

  const SiteRules& rules() const noexcept { return rules_; }

  /// Whether everybody who is signed in may enter.
  bool is_for_everybody() const noexcept { return rules_.users.empty() && rules_.groups.empty(); }
  /// Requires: `groups` are sorted.
  bool admits(std::string_view user, std::span<const std::string> groups) const noexcept;

  /// Whether the path, without its query and not decoded, is public. A path with `%`, `;`, `\`, `//` or a dot
  /// segment never is, because the application may read it in another way.
  bool is_public(std::string_view path) const noexcept;

 private:
  const SiteRules rules_;  // users and groups are sorted
};

/// A URL that a browser may be sent to after a sign-in or a sign-out.
struct Destination {
  std::string url;   ///< absolute, visible ASCII
  std::string host;  ///< in lower case, without its port
  const Site* site;
};

class Sites {
 public:
  Sites() = default;

  /// Errors: kInvalid. The text names the site by its number, from 1, and says what to write.
  static Result<Sites> create(std::vector<SiteRules> rules);

  bool empty() const noexcept { return sites_.empty(); }
  const std::vector<std::shared_ptr<const Site>>& all() const noexcept { return sites_; }

  /// The site of `host[:port]`, in any case and with or without the dot of the root. An exact host comes
  /// before `*`, and of two `*` the longer one. A missing port is that of the scheme. Null if no site has it.
  /// Allocates nothing.
  const Site* find(bool is_https, const http::Authority& authority) const noexcept;

  /// The destination that `rd` names, if one may go there: an absolute URL of a site's host, with the scheme
  /// of that site's sign-in page, a port that the host's entry names or the default one, no user information,
  /// and no character that browsers read in another way than this program.
  std::optional<Destination> destination(std::string_view rd) const;

  /// The longest `cookie_domain` of all sites that is the host or lies above it; empty if there is none.
  std::string_view cookie_domain_of(std::string_view host) const noexcept;

 private:
  struct Pattern;
  struct Patterns;

  std::vector<std::shared_ptr<const Site>> sites_;
  std::shared_ptr<const Patterns> patterns_;
};

}  // namespace latchkey::api
