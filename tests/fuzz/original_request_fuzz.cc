// The request that a proxy asks about, as each family names it. The input is the question's head, with LF for
// CR LF. Its fields are read a second time by a plain reader, and the answer is held against what must never
// be: a public path that an application may read as another, a way back to a host of no site.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/navigation.h"
#include "api/original_request.h"
#include "fuzz/property.h"
#include "latchkey/api/sites.h"
#include "latchkey/http/request_parser.h"

namespace latchkey::fuzz {
namespace {

using api::OriginalRequest;
using http::ProxyFamily;

constexpr std::string_view kPrefix = "/auth/envoy";
constexpr std::string_view kSignIn = "https://auth.example.com/auth/";
constexpr std::size_t kMaxWayBack = 2048;

const api::Sites& sites() {
  static const api::Sites kSites = [] {
    api::SiteRules rules;
    rules.hosts = {"app.example.com", "*.apps.example.com"};
    rules.sign_in = kSignIn;
    rules.public_paths = {"/health", "/assets/"};
    return api::Sites::create({rules}).value();
  }();
  return kSites;
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The question's lines, as they are written.
struct Lines {
  std::string request_line;
  std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case

  explicit Lines(std::string_view text) {
    request_line = take_until(text, '\n');
    while (!text.empty()) {
      std::string_view line = take_until(text, '\n');
      const std::string_view name = take_until(line, ':');
      fields.emplace_back(lower(name), without_blanks(line));
    }
  }

  std::string head() const {
    std::string bytes = request_line + " HTTP/1.1\r\n";
    for (const auto& [name, value] : fields) bytes += name + ": " + value + "\r\n";
    return bytes + "\r\n";
  }

  /// Nothing if there are several.
  std::optional<std::string> only(std::string_view wanted) const {
    std::string found;
    std::size_t lines = 0;
    for (const auto& [name, value] : fields) {
      if (name == wanted && lines++ == 0) found = value;
    }
    return lines > 1 ? std::nullopt : std::optional(found);
  }
};

/// The original request by the plain reader.
struct Plain {
  std::string method;
  bool is_https = false;
  std::string authority;
  std::string target;
};

bool is_authority(std::string_view text) {
  if (text.starts_with('[')) return http::parse_authority(text).has_value();
  constexpr std::string_view kHostMarks = "-._~!$&'()*+;=";
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(std::min(colon + 1, text.size()));
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_of_host = [&](char c) {
    const char folded = lower({&c, 1})[0];
    return (folded >= 'a' && folded <= 'z') || is_digit(c) || kHostMarks.find(c) != std::string_view::npos;
  };
  return !host.empty() && std::all_of(host.begin(), host.end(), is_of_host) && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), is_digit) &&
         (port.empty() || std::stoul(std::string(port)) < 65536);
}

std::optional<bool> is_https_of(std::string_view scheme, bool with_sockets) {
  const std::string text = lower(scheme);
  if (text == "https" || (with_sockets && text == "wss")) return true;
  if (text == "http" || (with_sockets && text == "ws")) return false;
  return std::nullopt;
}

std::optional<Plain> plain_nginx(const Lines& lines) {
  const auto method = lines.only("x-original-method");
  const auto url = lines.only("x-original-url");
  if (!method || !url) return std::nullopt;
  const std::size_t mark = url->find("://");
  if (mark == std::string::npos) return std::nullopt;
  const auto is_https = is_https_of(url->substr(0, mark), false);
  const std::size_t end = std::min(url->find_first_of("/?#", mark + 3), url->size());
  const std::string authority = url->substr(mark + 3, end - mark - 3);
  if (!is_https || !is_authority(authority)) return std::nullopt;
  return Plain{*method, *is_https, authority, url->substr(end)};
}

std::optional<Plain> plain_forward(const Lines& lines) {
  const auto method = lines.only("x-forwarded-method");
  const auto scheme = lines.only("x-forwarded-proto");
  const auto host = lines.only("x-forwarded-host");
  const auto target = lines.only("x-forwarded-uri");
  if (!method || !scheme || !host || !target) return std::nullopt;
  const auto is_https = is_https_of(*scheme, true);
  if (!is_https || !is_authority(*host)) return std::nullopt;
  return Plain{*method, *is_https, *host, *target};
}

std::optional<Plain> plain_envoy(const Lines& lines, const http::RequestHead& head,
                                 std::size_t prefix_bytes) {
  const auto scheme = lines.only("x-forwarded-proto");
  const auto host = lines.only("host");
  if (!scheme || !host) return std::nullopt;
  const auto is_https = scheme->empty() ? std::optional(false) : is_https_of(*scheme, true);
  if (!is_https || !is_authority(*host)) return std::nullopt;
  std::string target(head.path.substr(prefix_bytes));
  if (!head.query.empty()) target.append("?").append(head.query);
  return Plain{std::string(head.method_text), *is_https, *host, target};
}

int hex_value(char c) {
  const char folded = lower({&c, 1})[0];
  if (c >= '0' && c <= '9') return c - '0';
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    out += is_escape ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
    if (is_escape) i += 2;
  }
  return out;
}

/// The path as the most obliging application reads it.
std::string as_application(std::string_view path) {
  std::string text = percent_decoded(path);
  std::replace(text.begin(), text.end(), '\\', '/');
  text = text.substr(0, text.find_first_of("?#"));
  std::vector<std::string> segments;
  bool ends_in_slash = false;
  for (std::string_view rest = text; !rest.empty();) {
    ends_in_slash = rest.ends_with('/');
    std::string_view segment = take_until(rest, '/');
    segment = segment.substr(0, segment.find(';'));
    if (segment == ".." && !segments.empty()) segments.pop_back();
    if (segment.empty() || segment == "." || segment == "..") continue;
    segments.emplace_back(segment);
  }
  std::string read;
  for (const std::string& segment : segments) read += '/' + segment;
  return ends_in_slash ? read + '/' : read;
}

void check_public(const OriginalRequest& request) {
  if (!sites().all().front()->is_public(request.path)) return;
  const std::string path(request.path);
  require(path == "/health" || path.starts_with("/assets/"), "a public path is one of the site's");
  require(as_application(path) == path, "and no application reads it as another");
}

void check_way_back(const OriginalRequest& request) {
  const std::string url = request.url();
  require(std::all_of(url.begin(), url.end(),
                      [](char c) { return c > ' ' && c < 0x7f && c != '\\' && c != '#'; }),
          "a URL is visible ASCII");
  const api::Site* const site = sites().find(request.is_https, request.authority);
  if (site == nullptr) return;
  const std::string location = api::sign_in_location(*site, request);
  const std::string start = std::string(kSignIn) + "?rd=";
  require(location.starts_with(start), "a person signs in on the site's own page");
  const std::string back = location.substr(start.size());
  require(back.size() <= kMaxWayBack, "the way back fits into a proxy's buffer");
  require(back.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%") ==
              std::string::npos,
          "it is one value of a query");
  const std::string decoded = percent_decoded(back);
  require(url.starts_with(decoded) || decoded.ends_with('/'), "it leads to what was asked for");
  const auto destination = sites().destination(decoded);
  const unsigned usual = request.is_https ? http::kHttpsPort : http::kHttpPort;
  const bool is_usual = request.is_https && request.authority.port_or(usual) == usual;
  if (is_usual && request.path.starts_with('/')) {
    require(destination && destination->site == site, "the page to sign in follows it, to the same site");
  }
}

void check_same(const OriginalRequest& request, const Plain& plain) {
  require(request.method == plain.method && request.is_https == plain.is_https, "method and scheme are read");
  const auto authority = http::parse_authority(plain.authority);
  require(authority && authority->host == request.authority.host && authority->port == request.authority.port,
          "the host is read");
  const std::size_t mark = std::min(plain.target.find('?'), plain.target.size());
  const std::string path = plain.target.substr(0, mark);
  require(request.path == (path.empty() ? "/" : path), "the path is read");
  require(request.query == std::string_view(plain.target).substr(std::min(mark + 1, plain.target.size())),
          "the query is read");
}

bool is_of(ProxyFamily family, std::string_view name) {
  if (name == "host") return true;
  if (family == ProxyFamily::kEnvoy) return name == "x-forwarded-proto";
  return name.starts_with(family == ProxyFamily::kNginx ? "x-original-" : "x-forwarded-");
}

/// The request as `METHOD URL`; empty if none is named.
std::string read_from(const Lines& lines, ProxyFamily family, std::string_view prefix) {
  const std::string bytes = lines.head();
  http::RequestHead head;
  const http::ParseResult parsed = http::parse_request_head(bytes, 0, {}, head);
  require(parsed.status == http::ParseResult::Status::kComplete, "a head with fewer fields is whole");
  const auto request = api::original_request(head, family, prefix);
  return request ? std::string(request->method) + ' ' + request->url() : std::string();
}

void check(const Lines& lines, const http::RequestHead& head, ProxyFamily family, std::string_view prefix) {
  const auto request = api::original_request(head, family, prefix);
  std::optional<Plain> plain;
  if (family == ProxyFamily::kNginx) plain = plain_nginx(lines);
  if (family == ProxyFamily::kForward) plain = plain_forward(lines);
  if (family == ProxyFamily::kEnvoy) plain = plain_envoy(lines, head, prefix.size());
  require(request.has_value() == plain.has_value(), "a request is named by whole fields alone");

  Lines own = lines;
  std::erase_if(own.fields, [family](const auto& field) { return !is_of(family, field.first); });
  const std::string said = request ? std::string(request->method) + ' ' + request->url() : std::string();
  require(read_from(own, family, prefix) == said, "the fields of other proxies change nothing");
  if (!request) return;
  check_same(*request, *plain);
  check_public(*request);
  check_way_back(*request);
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  const fuzz::Lines lines(fuzz::text_of(data, size));
  const std::string bytes = lines.head();
  http::RequestHead head;
  if (http::parse_request_head(bytes, 0, {}, head).status != http::ParseResult::Status::kComplete) return 0;
  fuzz::check(lines, head, http::ProxyFamily::kNginx, {});
  fuzz::check(lines, head, http::ProxyFamily::kForward, {});
  fuzz::check(lines, head, http::ProxyFamily::kEnvoy, {});
  const bool has_prefix = head.path.starts_with(fuzz::kPrefix) && (head.path.size() == fuzz::kPrefix.size() ||
                                                                   head.path[fuzz::kPrefix.size()] == '/');
  if (has_prefix) fuzz::check(lines, head, http::ProxyFamily::kEnvoy, fuzz::kPrefix);
  return 0;
}
