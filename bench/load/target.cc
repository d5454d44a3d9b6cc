#include "load/target.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace latchkey::load {

namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::string_view kDefaultPort = "80";

tl::unexpected<Error> bad_url(std::string_view url, std::string_view why) {
  return failure(ErrorCode::kInvalid,
                 fmt::format("'{}' cannot be loaded: {}; write http://host:port/path", url, why));
}

struct HostAndPort {
  std::string host;
  std::string port;
};

HostAndPort split_authority(std::string_view authority) {
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = authority.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string_view port = colon == std::string_view::npos ? kDefaultPort : authority.substr(colon + 1);
  return {std::string(host), std::string(port)};
}

Result<net::Endpoint> resolve(const HostAndPort& where) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  if (error != 0 || found == nullptr) {
    return failure(ErrorCode::kNotFound, fmt::format("'{}' has no address: {}", where.host,
                                                     error == 0 ? "none was found" : ::gai_strerror(error)));
  }
  const std::optional<net::Endpoint> endpoint = net::Endpoint::from_sockaddr(*found->ai_addr);
  if (!endpoint) return failure(ErrorCode::kNotFound, fmt::format("'{}' has no IP address", where.host));
  return *endpoint;
}

}  // namespace

bool Target::is_loopback_v4() const noexcept {
  constexpr std::size_t kFirstOfV4 = 12;
  constexpr std::uint8_t kLoopbackNetwork = 127;
  return !is_unix() && endpoint.address.is_v4() && endpoint.address.bytes()[kFirstOfV4] == kLoopbackNetwork;
}

socklen_t Target::to_sockaddr(sockaddr_storage& out) const noexcept {
  if (!is_unix()) return endpoint.to_sockaddr(out);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  unix_path.copy(address.sun_path, kMaxSocketPathBytes);
  std::memcpy(&out, &address, sizeof address);
  return sizeof address;
}

Result<Target> parse_target(std::string_view url) {
  if (url.starts_with("https://")) return bad_url(url, "TLS is not spoken");
  if (!url.starts_with(kScheme)) return bad_url(url, "it does not begin with http://");
  const auto is_forbidden = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '#';
  };
  if (std::any_of(url.begin(), url.end(), is_forbidden)) {
    return bad_url(url, "a space, a control character or a fragment stands in it");
  }
  const std::string_view rest = url.substr(kScheme.size());
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  if (authority.find('@') != std::string_view::npos) {
    return bad_url(url, "a user stands in it (use -H 'Authorization: ...')");
  }
  const HostAndPort where = split_authority(authority);
  const bool is_port =
      !where.port.empty() && where.port.size() <= 5 &&
      std::all_of(where.port.begin(), where.port.end(), [](char c) { return c >= '0' && c <= '9'; });
  constexpr unsigned long kLastPort = 65535;
  if (where.host.empty()) return bad_url(url, "it names no host");
  if (!is_port || std::stoul(where.port) > kLastPort)
    return bad_url(url, "its port is not a number up to 65535");
  LATCHKEY_TRY(const net::Endpoint endpoint, resolve(where));
  Target target;
  target.authority = authority;
  target.path_and_query = rest.substr(authority_end);
  if (!target.path_and_query.starts_with('/')) target.path_and_query.insert(0, "/");
  target.endpoint = endpoint;
  return target;
}

}  // namespace latchkey::load
