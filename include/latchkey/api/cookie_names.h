// CookieNames: the names of the cookie that signs a browser in. It is set under the operator's name. Under
// TLS, and where it is the host's own, that name has the prefix `__Host-`: then no other host of the domain,
// and nobody in the open, can set it or replace it (RFC 6265bis §4.1.3.2). Besides these two, `token` is
// read: it is the name that clients of the original send.
// Thread: any; constant after its construction.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace latchkey::api {

/// Not `token`, which many applications call a cookie of their own: behind one host, each would replace the
/// other's.
inline constexpr std::string_view kDefaultCookieName = "latchkey";
inline constexpr std::string_view kOriginalCookieName = "token";
inline constexpr std::string_view kHostPrefix = "__Host-";
inline constexpr std::size_t kMaxCookieNameBytes = 40;

/// Whether the operator may choose this name: a token of RFC 9110 with a bound, without a prefix that
/// browsers give a meaning to.
bool is_cookie_name(std::string_view name) noexcept;

/// Whether a browser sends the cookie along when a link from another site is followed (kLax), or not even
/// then.
enum class SameSite : std::uint8_t { kLax, kStrict };

class CookieNames {
 public:
  /// The names in the order in which their cookies are tried. What only this host can set comes first, so
  /// that no other host of the domain can put its own before it.
  enum class Rank : std::uint8_t { kHostOnly, kPlain, kOriginal, kAnothers };

  /// Requires: `is_cookie_name(name)`.
  explicit CookieNames(std::string_view name = kDefaultCookieName);

  std::string_view name() const noexcept { return std::string_view(host_name_).substr(kHostPrefix.size()); }
  std::string_view host_name() const noexcept { return host_name_; }

  /// A check asks this for each cookie of its request: most are told apart by their length.
  Rank rank_of(std::string_view name) const noexcept {
    if ((lengths_ >> std::min(name.size(), kMostLength) & 1U) == 0) return Rank::kAnothers;
    if (name == host_name()) return Rank::kHostOnly;
    if (name == this->name()) return Rank::kPlain;
    return name == kOriginalCookieName ? Rank::kOriginal : Rank::kAnothers;
  }

 private:
  static constexpr std::size_t kMostLength = 63;
  static_assert(kHostPrefix.size() + kMaxCookieNameBytes < kMostLength);

  std::string host_name_;
  std::uint64_t lengths_;  ///< bit n: a name has n bytes
};

}  // namespace latchkey::api
