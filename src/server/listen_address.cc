#include "server/listen_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <utility>

namespace latchkey::server {

namespace {

constexpr std::string_view kUnixExample = "unix:/run/latchkey/http.sock";

constexpr std::array<std::pair<std::string_view, http::ProxyFamily>, 3> kFamilies = {{
    {"nginx", http::ProxyFamily::kNginx},
    {"forward", http::ProxyFamily::kForward},
    {"envoy", http::ProxyFamily::kEnvoy},
}};

tl::unexpected<Error> no_socket(std::string_view text, std::string_view what) {
  return failure(ErrorCode::kInvalid, fmt::format("\"{}\" is not a Unix socket: {}", text, what));
}

/// Two spellings of a path are one socket.
std::string shortest(std::string_view path) {
  // POSIX leaves open what two slashes in front mean; on Linux they are one.
  const std::size_t first = path.find_first_not_of('/');
  path.remove_prefix(first == std::string_view::npos ? path.size() - 1 : first - 1);
  return std::filesystem::path(path).lexically_normal().string();
}

}  // namespace

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  if (!text.starts_with(kUnixScheme)) {
    LATCHKEY_TRY(const net::Endpoint endpoint, net::Endpoint::parse(text));
    return ListenAddress{endpoint, {}};
  }
  const std::string_view path = text.substr(kUnixScheme.size());
  if (path.starts_with('@') || path.find('\0') != std::string_view::npos) {
    return no_socket(text, "sockets without a file are not taken: give it a path");
  }
  if (!path.starts_with('/')) {
    return no_socket(text, fmt::format("its path begins with a slash, as in {}", kUnixExample));
  }
  std::string file = shortest(path);
  if (file.ends_with('/')) return no_socket(text, "its path is that of a directory");
  if (file.size() > kMaxSocketPathBytes) {
    return no_socket(text, fmt::format("its path has at most {} bytes", kMaxSocketPathBytes));
  }
  return ListenAddress{{}, std::move(file)};
}

std::string ListenAddress::to_text() const {
  return is_unix() ? fmt::format("{}{}", kUnixScheme, path) : endpoint.to_text();
}

Result<VerifyAddress> VerifyAddress::parse(std::string_view text) {
  // No address has such a sign; a path may.
  const std::size_t at = text.starts_with(kUnixScheme) ? std::string_view::npos : text.find('@');
  VerifyAddress address;
  if (at != std::string_view::npos) {
    const auto* const found =
        std::find_if(kFamilies.begin(), kFamilies.end(),
                     [name = text.substr(0, at)](const auto& known) { return known.first == name; });
    if (found == kFamilies.end()) {
      return failure(ErrorCode::kInvalid,
                     fmt::format("\"{}\" is not an address for questions: before the '@' stands nginx, "
                                 "forward or envoy, as in envoy@127.0.0.1:9001",
                                 text));
    }
    address.family = found->second;
    text.remove_prefix(at + 1);
  }
  LATCHKEY_TRY(address.where, ListenAddress::parse(text));
  return address;
}

std::string VerifyAddress::to_text() const {
  if (family == http::ProxyFamily::kNginx) return where.to_text();
  return fmt::format("{}@{}", name_of(family), where.to_text());
}

bool is_public(const net::IpAddress& address) {
  constexpr std::string_view kSetAside[] = {
      "127.0.0.0/8",   "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
      "100.64.0.0/10", "::1",        "fc00::/7",      "fe80::/10"};
  return std::none_of(std::begin(kSetAside), std::end(kSetAside), [&address](std::string_view network) {
    return net::Network::parse(network).value().contains(address);
  });
}

std::string_view name_of(http::ProxyFamily family) noexcept {
  for (const auto& [name, value] : kFamilies) {
    if (value == family) return name;
  }
  return "none";
}

}  // namespace latchkey::server
