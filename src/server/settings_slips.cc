#include "server/settings_slips.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "latchkey/base/edit_distance.h"
#include "latchkey/base/time_text.h"

namespace latchkey::server {

namespace {

using Texts = std::vector<std::string>;

constexpr std::size_t kMaxTextBytes = 256;
constexpr std::string_view kBlanks = " \t\r\n";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

template <class Value>
using Names = std::span<const std::pair<std::string_view, Value>>;

template <class Value>
std::optional<Value> named(Names<Value> names, std::string_view name) {
  const auto found =
      std::find_if(names.begin(), names.end(), [name](const auto& entry) { return entry.first == name; });
  if (found == names.end()) return std::nullopt;
  return found->second;
}

/// Whether the comma is one as in 65,536, and not one between two elements.
bool separates_thousands(std::string_view text, std::size_t at) noexcept {
  const std::string_view group = text.substr(at + 1, 3);
  return group.size() == 3 && all_digits(group) && (at + 4 >= text.size() || !is_digit(text[at + 4]));
}

/// Takes a number such as 30, 1.5 or 1,000 from the front of `text`.
std::optional<double> take_number(std::string_view& text) {
  std::string digits;
  std::size_t at = 0;
  while (at < text.size() && (is_digit(text[at]) || text[at] == '.' || text[at] == '_' || text[at] == ',')) {
    if (text[at] == ',' && !separates_thousands(text, at)) break;
    if (is_digit(text[at]) || text[at] == '.') digits += text[at];
    ++at;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  text = trimmed(text.substr(at));
  return number;
}

/// A whole number as text; nothing if it has a fraction or is too great to be exact.
std::optional<std::string> whole(double number) {
  constexpr double kMostExact = 9e15;
  if (number < 0 || number > kMostExact || std::floor(number) != number) return std::nullopt;
  return fmt::to_string(static_cast<std::uint64_t>(number));
}

std::optional<std::string> switch_from(const std::string& text) {
  constexpr std::array<std::string_view, 7> kOn = {"true", "yes", "on", "1", "enabled", "y", "t"};
  constexpr std::array<std::string_view, 7> kOff = {"false", "no", "off", "0", "disabled", "n", "f"};
  if (std::find(kOn.begin(), kOn.end(), text) != kOn.end()) return "true";
  if (std::find(kOff.begin(), kOff.end(), text) != kOff.end()) return "false";
  return std::nullopt;
}

std::optional<std::string> number_from(std::string_view text) {
  static constexpr std::pair<std::string_view, double> kMultiples[] = {{"", 1}, {"k", 1e3}, {"m", 1e6}};
  while (text.starts_with('+') || text.starts_with('/')) text.remove_prefix(1);
  const std::optional<double> number = take_number(text);
  if (!number) return std::nullopt;
  const std::optional<double> multiple = named<double>(kMultiples, text);
  return multiple ? whole(*number * *multiple) : std::nullopt;
}

std::optional<std::string> bytes_from(std::string_view text) {
  constexpr double kKiB = 1024;
  static constexpr std::pair<std::string_view, double> kUnits[] = {{"", 1},
                                                                   {"b", 1},
                                                                   {"byte", 1},
                                                                   {"bytes", 1},
                                                                   {"k", kKiB},
                                                                   {"kb", kKiB},
                                                                   {"ki", kKiB},
                                                                   {"kib", kKiB},
                                                                   {"kilobyte", kKiB},
                                                                   {"kilobytes", kKiB},
                                                                   {"kbytes", kKiB},
                                                                   {"m", kKiB * kKiB},
                                                                   {"mb", kKiB * kKiB},
                                                                   {"mi", kKiB * kKiB},
                                                                   {"mib", kKiB * kKiB},
                                                                   {"megabyte", kKiB * kKiB},
                                                                   {"megabytes", kKiB * kKiB},
                                                                   {"mbytes", kKiB * kKiB},
                                                                   {"g", kKiB * kKiB * kKiB},
                                                                   {"gb", kKiB * kKiB * kKiB},
                                                                   {"gi", kKiB * kKiB * kKiB},
                                                                   {"gib", kKiB * kKiB * kKiB},
                                                                   {"gigabyte", kKiB * kKiB * kKiB},
                                                                   {"gigabytes", kKiB * kKiB * kKiB}};
  const std::optional<double> number = take_number(text);
  if (!number) return std::nullopt;
  const std::optional<double> unit = named<double>(kUnits, text);
  return unit ? whole(*number * *unit) : std::nullopt;
}

/// A duration in parts, such as 1h 30min; a number alone means seconds.
std::optional<std::string> duration_from(std::string_view text) {
  constexpr double kSecond = 1000;
  constexpr double kMinute = 60 * kSecond;
  constexpr double kHour = 60 * kMinute;
  static constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ms", 1},          {"msec", 1},           {"msecs", 1},          {"millis", 1},
      {"millisecond", 1}, {"milliseconds", 1},   {"s", kSecond},        {"sec", kSecond},
      {"secs", kSecond},  {"second", kSecond},   {"seconds", kSecond},  {"m", kMinute},
      {"min", kMinute},   {"mins", kMinute},     {"minute", kMinute},   {"minutes", kMinute},
      {"h", kHour},       {"hr", kHour},         {"hrs", kHour},        {"hour", kHour},
      {"hours", kHour},   {"d", 24 * kHour},     {"day", 24 * kHour},   {"days", 24 * kHour},
      {"w", 168 * kHour}, {"week", 168 * kHour}, {"weeks", 168 * kHour}};
  constexpr int kMostParts = 8;
  // ISO 8601: PT30M.
  while (text.starts_with('p') || text.starts_with('t') || text.starts_with('+')) text.remove_prefix(1);
  double ms = 0;
  for (int part = 0; !text.empty(); ++part) {
    const std::optional<double> number = take_number(text);
    if (!number || part == kMostParts) return std::nullopt;
    const std::size_t letters = std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz"), text.size());
    const std::optional<double> unit =
        part == 0 && text.empty() ? std::optional(kSecond) : named<double>(kUnits, text.substr(0, letters));
    if (!unit) return std::nullopt;
    ms += *number * *unit;
    text = trimmed(text.substr(letters));
    while (text.starts_with(',') || text.starts_with("and "))
      text = trimmed(text.substr(text[0] == ',' ? 1 : 4));
  }
  const std::optional<std::string> count = whole(ms);
  if (!count) return std::nullopt;
  return to_duration_text(std::chrono::milliseconds(static_cast<std::int64_t>(ms)));
}

template <class Choice>
std::optional<std::string> choice_from(std::string text, const ChoiceKind<Choice>& kind) {
  static constexpr std::pair<std::string_view, std::string_view> kOthers[] = {
      {"warn", "warning"},     {"warnings", "warning"}, {"err", "error"},     {"errors", "error"},
      {"critical", "error"},   {"crit", "error"},       {"fatal", "error"},   {"notice", "info"},
      {"information", "info"}, {"trace", "debug"},      {"verbose", "debug"}, {"xff", "x-forwarded-for"},
      {"rfc7239", "forwarded"}};
  std::replace(text.begin(), text.end(), '_', '-');
  if (const auto other = named<std::string_view>(kOthers, text)) text = *other;
  std::size_t least = std::max<std::size_t>(1, text.size() / 3) + 1;
  std::optional<std::string> nearest;
  for (const auto& [name, value] : kind.names) {
    const std::size_t distance = edit_distance(text, name);
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

/// What follows the scheme.
std::string_view without_scheme(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  return text;
}

std::optional<std::string> endpoint_from(std::string_view text) {
  constexpr std::string_view kPort = "8080";
  text = without_scheme(text);
  text = text.substr(0, text.find('/'));
  // If nothing says who may connect, only this machine may.
  if (all_digits(text)) return fmt::format("127.0.0.1:{}", text);
  std::size_t colon = text.rfind(':');
  if (text.ends_with(']')) colon = std::string_view::npos;
  std::string_view port = colon == std::string_view::npos ? kPort : text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  if (net::IpAddress::parse(text) && !(port.size() == 4 && all_digits(port) && net::IpAddress::parse(host))) {
    host = text;
    port = kPort;
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (host.empty() || host == "*" || host == "any" || host == "all") host = "0.0.0.0";
  const bool is_v6 = host.find(':') != std::string_view::npos;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
}

/// A path is a Unix socket, in any program's spelling.
std::optional<std::string> address_from(std::string_view text) {
  std::string_view path = text;
  if (lower(path.substr(0, kUnixScheme.size())) == kUnixScheme) path.remove_prefix(kUnixScheme.size());
  if (lower(path.substr(0, 5)) == "unix/") path.remove_prefix(4);
  if (path.starts_with('/')) return fmt::format("{}{}", kUnixScheme, path);
  return endpoint_from(lower(text));
}

/// 0o660 is how TOML, Python and Rust write 0660.
std::optional<std::string> mode_from(std::string_view text) {
  if (text.starts_with("0o")) text.remove_prefix(2);
  return std::string(text);
}

/// 255.255.0.0 is 16.
std::optional<int> prefix_of_mask(std::string_view mask) {
  constexpr int kBits = 32;
  for (int prefix = 0; prefix <= kBits; ++prefix) {
    const std::uint64_t ones = (std::uint64_t{0xffffffff} << (kBits - prefix)) & 0xffffffff;
    if (mask == fmt::format("{}.{}.{}.{}", ones >> 24, (ones >> 16) & 255, (ones >> 8) & 255, ones & 255))
      return prefix;
  }
  return std::nullopt;
}

/// 10.0.*.* is 10.0.0.0/16.
std::optional<std::string> network_of_stars(std::string text) {
  int prefix = 32;
  while (text.ends_with(".*")) {
    text.resize(text.size() - 2);
    prefix -= 8;
  }
  if (prefix == 32 || prefix <= 0) return std::nullopt;
  for (int bits = prefix; bits < 32; bits += 8) text += ".0";
  return fmt::format("{}/{}", text, prefix);
}

std::optional<std::string> network_from(std::string_view text) {
  text = without_scheme(text);
  if (text == "localhost") return "127.0.0.1/32";
  if (std::optional<std::string> stars = network_of_stars(std::string(text))) return stars;
  const std::size_t slash = text.find('/');
  std::string_view host = text.substr(0, slash);
  std::string_view behind = slash == std::string_view::npos ? "" : text.substr(slash + 1);
  if (!net::IpAddress::parse(host)) {
    const std::size_t colon = host.rfind(':');
    if (!host.ends_with(']') && colon != std::string_view::npos) host = host.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  }
  const std::optional<net::IpAddress> address = net::IpAddress::parse(host);
  if (!address) return std::nullopt;
  const int bits = address->is_v4() ? 32 : 128;
  int prefix = bits;
  if (all_digits(behind)) {
    std::from_chars(behind.data(), behind.data() + behind.size(), prefix);
  } else if (const std::optional<int> of_mask = prefix_of_mask(behind)) {
    prefix = *of_mask;
  }
  if (prefix < 0 || prefix > bits) return std::nullopt;
  return fmt::format("{}/{}", address->masked(std::min(prefix, 32), prefix).to_text(), prefix);
}

std::optional<std::string> name_from(std::string_view text) {
  std::string name(text);
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::optional<std::string> path_from(std::string_view text) {
  if (text.starts_with("file://")) return std::string(text.substr(7));
  if (!text.starts_with('~')) return std::nullopt;
  const char* const home = std::getenv("HOME");
  return fmt::format("{}{}", home != nullptr && home[0] == '/' ? home : "/root", text.substr(1));
}

/// One text in this program's spelling. The caller checks the candidates with `assign`.
struct Candidate {
  std::string_view text;  // as it was written, without quotes
  std::string key;        // the setting's

  using Maybe = std::optional<std::string>;
  Maybe operator()(const SwitchKind&) const { return switch_from(lower(text)); }
  template <class Number>
  Maybe operator()(const NumberKind<Number>&) const {
    const bool counts_cpus = key == "cores" || key == "hash_threads";
    if (counts_cpus && lower(text) == "auto") return "0";
    return number_from(lower(text));
  }
  Maybe operator()(const BytesKind&) const { return bytes_from(lower(text)); }
  Maybe operator()(const DurationKind&) const { return duration_from(lower(text)); }
  Maybe operator()(const NameKind&) const { return name_from(text); }
  Maybe operator()(const PathKind&) const { return path_from(text); }
  template <class Choice>
  Maybe operator()(const ChoiceKind<Choice>& kind) const {
    return choice_from(lower(text), kind);
  }
  Maybe operator()(const ModeKind&) const { return mode_from(text); }
  Maybe operator()(const ListKind<ListenAddress>&) const { return address_from(text); }
  Maybe operator()(const ListKind<net::Endpoint>&) const { return endpoint_from(lower(text)); }
  Maybe operator()(const ListKind<VerifyAddress>&) const {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos) return address_from(text);
    return fmt::format("{}@{}", lower(text.substr(0, at)), address_from(text.substr(at + 1)).value_or(""));
  }
  Maybe operator()(const ListKind<net::Network>&) const { return network_from(lower(text)); }
};

/// What `assign` accepts, in its shortest spelling.
std::optional<Texts> taken(const Setting& setting, const Texts& texts) {
  if (texts.empty()) return std::nullopt;
  Settings settings;
  if (!assign(setting, texts, settings)) return std::nullopt;
  return values_of(setting, settings);
}

/// The elements of one text into which somebody wrote a list.
Texts split(std::string_view text) {
  constexpr std::string_view kBetween = " \t,;";
  Texts parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(kBetween), text.size());
    if (end > 0) parts.push_back(bare(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<Texts> meant_by_each(const Setting& setting, const Texts& texts) {
  Texts meant;
  for (const std::string& text : texts) {
    if (taken(setting, {text})) {
      meant.push_back(text);
      continue;
    }
    std::optional<std::string> candidate =
        std::visit(Candidate{text, std::string(setting.key)}, setting.kind);
    if (!candidate) return std::nullopt;
    meant.push_back(std::move(*candidate));
  }
  return taken(setting, meant);
}

}  // namespace

std::string to_key(std::string_view text) {
  std::string key = lower(text);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string bare(std::string_view text) {
  constexpr std::array<std::string_view, 7> kQuotes = {"\"", "'", "`", "“", "”", "‘", "’"};
  text = trimmed(text);
  while (text.ends_with(';') || text.ends_with(',')) text = trimmed(text.substr(0, text.size() - 1));
  for (const std::string_view quote : kQuotes) {
    if (text.starts_with(quote)) text.remove_prefix(quote.size());
    if (text.ends_with(quote)) text.remove_suffix(quote.size());
  }
  return std::string(trimmed(text));
}

std::optional<Texts> meant_by(const Setting& setting, std::span<const std::string> texts) {
  Texts bared;
  for (const std::string& text : texts) {
    if (text.size() > kMaxTextBytes) return std::nullopt;
    bared.push_back(bare(text));
  }
  if (bared.empty()) return std::nullopt;
  if (bared.size() == 1 && bared.front().empty()) {
    // Nothing after the equals sign means the default, if that can be written down.
    const auto* const path = std::get_if<PathKind>(&setting.kind);
    const Texts defaults = values_of(setting, Settings{});
    if (defaults.empty() || (path != nullptr && !path->derived_default.empty())) return std::nullopt;
    return taken(setting, defaults);
  }
  if (!setting.is_list()) bared.erase(bared.begin(), bared.end() - 1);
  if (std::optional<Texts> meant = meant_by_each(setting, bared)) return meant;
  return setting.is_list() && bared.size() == 1 ? meant_by_each(setting, split(bared.front())) : std::nullopt;
}

std::string not_there(const Setting& setting, std::span<const std::string> texts) {
  // These begin with an address of TCP, which the PROXY protocol's header stands in for.
  if (!std::holds_alternative<ListKind<net::Endpoint>>(setting.kind)) return {};
  for (const std::string& text : texts) {
    const std::string path = lower(bare(text));
    if (!path.starts_with(kUnixScheme) && !path.starts_with('/')) continue;
    return fmt::format(
        "'{}' is a Unix socket, and {} takes TCP alone: write an address of this machine, as 127.0.0.1:8081; "
        "at a Unix socket of listen the proxy names its client in forwarded_source's header",
        text, setting.key);
  }
  return {};
}

}  // namespace latchkey::server
