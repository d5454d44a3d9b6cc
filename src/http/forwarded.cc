#include "latchkey/http/forwarded.h"

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>

#include "latchkey/base/assert.h"
#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

using net::IpAddress;

bool is_port(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5 && all_are(kDigitCharacter, text);
}

/// obfport of RFC 7239 §6: "_" 1*( ALPHA / DIGIT / "." / "_" / "-" )
bool is_obfuscated_port(std::string_view text) noexcept {
  if (text.size() < 2 || text.front() != '_') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

/// Reads `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]` or `[2001:db8::1]:80`, and a bare `2001:db8::1` if
/// `bare_v6` allows it. RFC 7239 wants brackets; X-Forwarded-For never had a grammar.
std::optional<IpAddress> parse_node(std::string_view node, bool bare_v6) noexcept {
  std::string_view port;
  std::string_view host = node;
  const bool is_bracketed = node.starts_with('[');
  if (is_bracketed) {
    const std::size_t bracket = node.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    host = node.substr(1, bracket - 1);
    port = node.substr(bracket + 1);
  } else if (const std::size_t colon = node.find(':');
             colon == node.rfind(':') && colon != std::string_view::npos) {
    host = node.substr(0, colon);
    port = node.substr(colon);
  }
  if (!port.empty()) {
    if (port.front() != ':') return std::nullopt;
    port.remove_prefix(1);
    if (!is_port(port) && !is_obfuscated_port(port)) return std::nullopt;
  }
  const bool is_v6 = host.find(':') != std::string_view::npos;
  if (is_v6 ? !is_bracketed && !bare_v6 : is_bracketed) return std::nullopt;
  return IpAddress::parse(host);
}

/// One hop of a chain, as reported by the proxy that it reached.
struct Element {
  std::optional<IpAddress> node;  ///< `for`, if it is an address
  std::string_view proto;         ///< empty if there is none
  std::string_view host;          ///< empty if there is none
};

/// The last elements of a list, in order. New ones replace the oldest.
class Hops {
 public:
  void add(const Element& hop) noexcept { hops_[count_++ % kMaxForwardedHops] = hop; }
  std::size_t size() const noexcept { return std::min(count_, kMaxForwardedHops); }
  /// 0 is the last.
  const Element& from_right(std::size_t index) const noexcept {
    return hops_[(count_ - 1 - index) % kMaxForwardedHops];
  }

 private:
  std::array<Element, kMaxForwardedHops> hops_{};
  std::size_t count_ = 0;
};

/// The rightmost address of X-Forwarded-For that is not a trusted proxy's. Nothing if there is none, or if an
/// element on the way to it is no address. It reads from the right, so what a client wrote in front costs
/// nothing.
std::optional<IpAddress> client_of_x_forwarded_for(std::span<const std::string_view> lines,
                                                   std::span<const net::Network> trusted) noexcept {
  std::size_t hops = 0;
  for (std::string_view rest : std::ranges::reverse_view(lines)) {
    while (true) {
      if (hops++ == kMaxForwardedHops) return std::nullopt;
      const std::size_t comma = rest.rfind(',');
      const std::size_t start = comma == std::string_view::npos ? 0 : comma + 1;
      const std::optional<IpAddress> node = parse_node(trim_blanks(rest.substr(start)), true);
      if (!node || !is_trusted(*node, trusted)) return node;
      if (comma == std::string_view::npos) break;
      rest = rest.substr(0, comma);
    }
  }
  return std::nullopt;
}

/// Cuts the value of a forwarded-pair off `line`: a token, or a quoted string without its quotes. Refuses a
/// quoted string with an escape in it, because no proxy writes an address like that.
std::optional<std::string_view> take_value(std::string_view& line) noexcept {
  const bool is_quoted = line.starts_with('"');
  const CharacterClass wanted = is_quoted ? kQuotedCharacter : kTokenCharacter;
  std::size_t end = is_quoted ? 1 : 0;
  const std::size_t start = end;
  while (end < line.size() && is_a(wanted, line[end])) ++end;
  const std::string_view value = line.substr(start, end - start);
  if (is_quoted && (end == line.size() || line[end] != '"')) return std::nullopt;
  if (!is_quoted && value.empty()) return std::nullopt;
  line.remove_prefix(is_quoted ? end + 1 : end);
  return value;
}

void skip_blanks(std::string_view& line) noexcept {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
}

/// Cuts a forwarded-element (RFC 7239 §4) off `line`, up to the comma after it. Returns false if it is
/// malformed: nobody can say then where it ends.
bool take_element(std::string_view& line, Element& element) noexcept {
  bool has_node = false;
  while (true) {
    skip_blanks(line);
    std::size_t name_end = 0;
    while (name_end < line.size() && is_a(kTokenCharacter, line[name_end])) ++name_end;
    const std::string_view name = line.substr(0, name_end);
    line.remove_prefix(name_end);
    if (!name.empty()) {
      if (!line.starts_with('=')) return false;
      line.remove_prefix(1);
      const std::optional<std::string_view> value = take_value(line);
      if (!value) return false;
      if (equals_ignoring_case(name, "for")) {
        if (has_node) return false;
        has_node = true;
        element.node = parse_node(*value, false);
      } else if (equals_ignoring_case(name, "proto")) {
        if (!element.proto.empty()) return false;
        element.proto = *value;
      } else if (equals_ignoring_case(name, "host")) {
        if (!element.host.empty()) return false;
        element.host = *value;
      }
      skip_blanks(line);
    }
    if (line.empty() || line.front() == ',') return true;
    if (line.front() != ';') return false;
    line.remove_prefix(1);
  }
}

void add_forwarded(std::string_view line, Hops& hops) noexcept {
  while (true) {
    Element element;
    if (!take_element(line, element)) return hops.add({});
    hops.add(element);
    if (line.empty()) return;
    line.remove_prefix(1);
  }
}

Hops hops_of(std::span<const std::string_view> lines) noexcept {
  Hops hops;
  for (const std::string_view line : lines) add_forwarded(line, hops);
  return hops;
}

/// The rightmost element that is not a trusted proxy's. nullptr if there is none, or if an element on the way
/// to it is no address.
const Element* client_of(const Hops& hops, std::span<const net::Network> trusted) noexcept {
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const Element& hop = hops.from_right(i);
    if (!hop.node) return nullptr;
    if (!is_trusted(*hop.node, trusted)) return &hop;
  }
  return nullptr;
}

std::string_view last_element(std::string_view list) noexcept {
  const std::size_t comma = list.rfind(',');
  return trim_blanks(comma == std::string_view::npos ? list : list.substr(comma + 1));
}

/// The lines of a known field, in order. One line, as most proxies send it, costs no search and no array.
class Lines {
 public:
  Lines(const RequestHead& head, KnownHeader wanted) noexcept
      : count_(head.lines(wanted)), first_(head.value(wanted)) {
    if (count_ > 1) find_all(head, wanted);
  }
  std::span<const std::string_view> all() const noexcept {
    return count_ > 1 ? std::span<const std::string_view>(*several_).first(count_)
                      : std::span(&first_, count_);
  }
  /// Empty if there is none.
  std::string_view last() const noexcept { return count_ == 0 ? std::string_view{} : all().back(); }

 private:
  void find_all(const RequestHead& head, KnownHeader wanted) noexcept {
    std::array<std::string_view, kMaxHeaders>& values = several_.emplace();
    std::size_t found = 0;
    for (std::size_t i = 0; i < head.header_count; ++i) {
      if (head.headers[i].known == wanted) values[found++] = head.headers[i].value;
    }
    LATCHKEY_ASSERT(found == count_);
  }

  std::size_t count_;
  std::string_view first_;
  std::optional<std::array<std::string_view, kMaxHeaders>> several_;
};

std::optional<IpAddress> named_client(std::span<const net::Network> trusted, ForwardedSource source,
                                      std::span<const std::string_view> lines) noexcept {
  if (source == ForwardedSource::kXForwardedFor) return client_of_x_forwarded_for(lines, trusted);
  const Hops hops = hops_of(lines);
  const Element* const client = client_of(hops, trusted);
  return client == nullptr ? std::nullopt : client->node;
}

}  // namespace

bool is_trusted(const IpAddress& address, std::span<const net::Network> trusted) noexcept {
  return std::any_of(trusted.begin(), trusted.end(),
                     [&address](const net::Network& network) { return network.contains(address); });
}

std::optional<IpAddress> forwarded_address(std::span<const net::Network> trusted, ForwardedSource source,
                                           const RequestHead& head) noexcept {
  return named_client(trusted, source, Lines(head, field_of(source)).all());
}

IpAddress remote_address(const IpAddress& peer, std::span<const net::Network> trusted, ForwardedSource source,
                         std::span<const std::string_view> lines) noexcept {
  return is_trusted(peer, trusted) ? named_client(trusted, source, lines).value_or(peer) : peer;
}

IpAddress remote_address(const IpAddress& peer, std::span<const net::Network> trusted, ForwardedSource source,
                         const RequestHead& head) noexcept {
  if (!is_trusted(peer, trusted)) return peer;
  return remote_address(peer, trusted, source, Lines(head, field_of(source)).all());
}

std::optional<IpAddress> last_hop(ForwardedSource source, const RequestHead& head) noexcept {
  const Lines lines(head, field_of(source));
  if (lines.all().empty()) return std::nullopt;
  if (source == ForwardedSource::kXForwardedFor) return parse_node(last_element(lines.all().back()), true);
  const Hops hops = hops_of(lines.all());
  return hops.size() == 0 ? std::nullopt : hops.from_right(0).node;
}

Site site_of(bool is_trusted_peer, std::span<const net::Network> trusted, ForwardedSource source,
             const RequestHead& head) noexcept {
  Site site{{}, head.value(KnownHeader::kHost)};
  if (!is_trusted_peer) return site;
  std::string_view host;
  if (source == ForwardedSource::kXForwardedFor) {
    site.scheme = last_element(Lines(head, KnownHeader::kXForwardedProto).last());
    host = last_element(Lines(head, KnownHeader::kXForwardedHost).last());
  } else {
    const Hops hops = hops_of(Lines(head, KnownHeader::kForwarded).all());
    if (const Element* const client = client_of(hops, trusted)) {
      site.scheme = client->proto;
      host = client->host;
    }
  }
  if (!host.empty()) site.authority = host;
  return site;
}

bool came_over_https(bool is_trusted_peer, std::span<const net::Network> trusted, ForwardedSource source,
                     const RequestHead& head) noexcept {
  return is_trusted_peer && equals_ignoring_case(site_of(true, trusted, source, head).scheme, "https");
}

}  // namespace latchkey::http
