// Where a browser may be sent after a sign-in: the text of `rd`. What is accepted is read again as a browser
// reads URLs (the URL Standard of the WHATWG), by a parser that shares nothing with the server's.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/property.h"
#include "latchkey/api/sites.h"

namespace latchkey::fuzz {
namespace {

using api::Destination;
using api::Sites;

/// One entry of `hosts`, with the scheme of its site's sign-in page.
struct Entry {
  std::string_view host;
  bool is_below;
  unsigned port;
  std::string_view scheme;
  std::size_t site;
};

constexpr std::array<Entry, 5> kEntries = {{
    {"app.example.com", false, 443, "https", 0},
    {"apps.example.com", true, 443, "https", 0},
    {"odd.example.com", false, 8443, "https", 0},
    {"plain.example.org", false, 80, "http", 1},
    {"plain.example.org", true, 8080, "http", 1},
}};

const Sites& sites() {
  static const Sites kSites = [] {
    api::SiteRules one;
    one.hosts = {"app.example.com", "*.apps.example.com", "odd.example.com:8443"};
    one.sign_in = "https://auth.example.com/auth/";
    api::SiteRules other;
    other.hosts = {"plain.example.org", "*.plain.example.org:8080"};
    other.sign_in = "http://auth.example.org/";
    // Nobody is sent to a site that has no page to sign in.
    api::SiteRules closed;
    closed.hosts = {"closed.example.net"};
    return Sites::create({one, other, closed}).value();
  }();
  return kSites;
}

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

/// A URL as a browser has it.
struct Read {
  std::string scheme;
  std::string host;
  unsigned port = 0;
  bool has_user = false;
  std::string rest;
};

/// The basic URL parser, for an absolute URL of http or https. Nothing for any other.
std::optional<Read> as_browser(std::string_view input) {
  std::string text;
  for (const char c : input) {
    if (c != '\t' && c != '\n' && c != '\r') text += c;
  }
  const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_space(text.front())) text.erase(0, 1);
  while (!text.empty() && is_space(text.back())) text.pop_back();
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || !is_alpha(text[0])) return std::nullopt;
  Read read;
  read.scheme = lower(std::string_view(text).substr(0, colon));
  if (read.scheme != "http" && read.scheme != "https") return std::nullopt;
  // Any number of slashes in either direction comes before the authority.
  std::size_t at = colon + 1;
  while (at < text.size() && (text[at] == '/' || text[at] == '\\')) ++at;
  const std::size_t end = std::min(text.find_first_of("/\\?#", at), text.size());
  std::string authority = text.substr(at, end - at);
  read.rest = text.substr(end);
  if (const std::size_t user = authority.rfind('@'); user != std::string::npos) {
    read.has_user = true;
    authority.erase(0, user + 1);
  }
  read.port = read.scheme == "https" ? 443 : 80;
  const std::size_t bracket = authority.rfind(']');
  const std::size_t mark = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  if (mark != std::string::npos) {
    const std::string digits = authority.substr(mark + 1);
    if (!std::all_of(digits.begin(), digits.end(), is_digit) || digits.size() > 9) return std::nullopt;
    if (!digits.empty()) read.port = static_cast<unsigned>(std::stoul(digits));
    authority.resize(mark);
  }
  // Of what a browser decodes and maps, nothing may be left: that is for the properties to say.
  read.host = lower(authority);
  return read;
}

const Entry* entry_of(const Read& read) {
  for (const Entry& entry : kEntries) {
    const std::string suffix = "." + std::string(entry.host);
    const bool is_host = entry.is_below ? read.host.size() > suffix.size() && read.host.ends_with(suffix)
                                        : read.host == entry.host;
    if (is_host && read.port == entry.port && read.scheme == entry.scheme) return &entry;
  }
  return nullptr;
}

bool is_plain_host(std::string_view host) {
  bool after_dot = true;
  for (const char c : host) {
    if (c == '.' && after_dot) return false;
    if (c != '.' && !is_alpha(c) && !is_digit(c) && c != '-' && c != '_') return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

std::size_t longest_label(std::string_view host) {
  std::size_t longest = 0;
  while (!host.empty()) longest = std::max(longest, take_until(host, '.').size());
  return longest;
}

void check_accepted(std::string_view rd, const Destination& accepted) {
  const std::string& url = accepted.url;
  require(std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; }),
          "a destination is visible ASCII");
  require(url.find('\\') == std::string::npos && url.find('#') == std::string::npos,
          "it has no backslash and no fragment");
  const std::optional<Read> read = as_browser(url);
  require(read.has_value(), "a browser reads it as a URL of http or https");
  require(!read->has_user, "it has no user information");
  require(read->host == accepted.host && is_plain_host(read->host), "the page names the host");
  const Entry* const entry = entry_of(*read);
  require(entry != nullptr, "it is on a host of a site, in its scheme and at its port");
  require(sites().all()[entry->site].get() == accepted.site, "of that very site");
  require(read->rest.starts_with('/'), "it has a path");

  const std::optional<Read> asked = as_browser(rd);
  require(asked && asked->scheme == read->scheme && asked->port == read->port && !asked->has_user,
          "a browser would have read `rd` itself alike");
  require(asked->host == read->host || asked->host == read->host + '.', "and have gone to the same host");
  require(read->rest == asked->rest || read->rest == '/' + asked->rest, "and to the same page there");

  const std::optional<Destination> again = sites().destination(url);
  require(again && again->url == url && again->host == accepted.host && again->site == accepted.site,
          "what is accepted is accepted again as it is");
}

/// A URL of a site that is written as plainly as can be may not be refused.
void check_refused(std::string_view rd) {
  if (rd.size() > 512) return;
  const std::optional<Read> read = as_browser(rd);
  if (!read || read->has_user || !is_plain_host(read->host) || entry_of(*read) == nullptr) return;
  const std::string plain = read->scheme + "://" + read->host;
  if (lower(rd) != lower(plain + read->rest)) return;
  const bool is_visible = std::all_of(rd.begin(), rd.end(), [](char c) { return c > ' ' && c < 0x7f; });
  const bool is_odd = rd.find_first_of("\\#") != std::string_view::npos || read->host.size() > 200;
  if (!is_visible || is_odd || longest_label(read->host) > 63) return;
  require(false, "a plain URL of a site is accepted");
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::fuzz;
  const std::string_view rd = text_of(data, size);
  const auto accepted = sites().destination(rd);
  if (accepted) {
    check_accepted(rd, *accepted);
  } else {
    check_refused(rd);
  }
  return 0;
}
