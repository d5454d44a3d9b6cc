#include "latchkey/http/negotiation.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "latchkey/http/characters.h"
#include "latchkey/http/media_type.h"

namespace latchkey::http {

namespace {

using Form = Negotiated::Form;
using Status = Negotiated::Status;

constexpr std::size_t kForms = 2;
constexpr int kMaxQuality = 1000;

/// How well a range names a form. The most specific one decides the form's quality (RFC 9110 §12.5.1).
enum class Match : std::uint8_t { kNone, kAnything, kType, kSubtype, kParameters };

/// What the ranges so far say about one form.
struct Preference {
  Match match = Match::kNone;
  int quality = 0;  // thousandths
};

/// Reads `0*3DIGIT` after the point, in thousandths; -1 for any other text.
int parse_fraction(std::string_view digits) noexcept {
  if (digits.size() > 3 || !all_are(kDigitCharacter, digits)) return -1;
  int fraction = 0;
  int weight = 100;
  for (const char digit : digits) {
    fraction += weight * (digit - '0');
    weight /= 10;
  }
  return fraction;
}

/// Reads `( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )` in thousandths; -1 for any other text. Accepts
/// `.2` too, because clients on Java's own HttpURLConnection send it.
int parse_quality(std::string_view text) noexcept {
  if (text.size() > 1 && text[0] == '.') return parse_fraction(text.substr(1));
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  if (text.size() > 1 && text[1] != '.') return -1;
  const int fraction = parse_fraction(text.substr(std::min<std::size_t>(2, text.size())));
  const int quality = (text[0] == '1' ? kMaxQuality : 0) + fraction;
  return fraction >= 0 && quality <= kMaxQuality ? quality : -1;
}

Match match_of(const MediaType& range, std::string_view type, std::string_view subtype, bool has_parameters) {
  if (range.is("*", "*")) return Match::kAnything;
  if (range.is(type, "*")) return Match::kType;
  if (!range.is(type, subtype)) return Match::kNone;
  return has_parameters ? Match::kParameters : Match::kSubtype;
}

/// C-61. Text that is no number asks for no indentation.
std::size_t indent_of(const MediaType& range) noexcept {
  const Parameter* const parameter = range.parameters.find("indent");
  if (parameter == nullptr) return 0;
  const std::string_view text = parameter->value;
  if (text.empty() || !all_are(kDigitCharacter, text)) return 0;
  std::size_t indent = kMaxIndent;  // where the number is too large to be read
  std::from_chars(text.data(), text.data() + text.size(), indent);
  return std::min(indent, kMaxIndent);
}

/// The most ranges that may name one of our forms. No client sends more, and any further ones are ignored.
constexpr std::size_t kMaxRanges = 32;

constexpr std::array<std::string_view, 5> kRangesOfOurs = {"*/*", "application/*", "application/json",
                                                           "text/*", "text/html"};
constexpr std::size_t kShortestOfOurs = 3;
constexpr std::size_t kLongestOfOurs = 16;
static_assert(std::all_of(kRangesOfOurs.begin(), kRangesOfOurs.end(), [](std::string_view ours) {
  return ours.size() >= kShortestOfOurs && ours.size() <= kLongestOfOurs;
}));

/// Whether the text before a range's parameters may name one of our forms. A list of thousands of others
/// costs only a look at each.
bool is_of_interest(std::string_view range) noexcept {
  if (range.size() < kShortestOfOurs || range.size() > kLongestOfOurs) return false;
  return std::any_of(kRangesOfOurs.begin(), kRangesOfOurs.end(),
                     [range](std::string_view ours) { return equals_ignoring_case(range, ours); });
}

struct Preferences {
  std::array<Preference, kForms> forms;
  std::size_t indent = 0;
  std::size_t ranges = 0;

  void add(std::string_view text) noexcept {
    if (ranges >= kMaxRanges || text.size() < kShortestOfOurs) return;
    std::size_t semicolon = 0;
    while (semicolon < text.size() && text[semicolon] != ';') ++semicolon;
    const std::string_view bare = trim_blanks(text.substr(0, semicolon));
    if (!is_of_interest(bare) || ranges++ >= kMaxRanges) return;
    if (semicolon == text.size()) {
      const std::size_t slash = bare.find('/');
      return add({bare.substr(0, slash), bare.substr(slash + 1), {}});
    }
    if (const std::optional<MediaType> range = MediaType::parse(text)) add(*range);
  }

  void add(const MediaType& range) noexcept {
    int quality = kMaxQuality;
    if (const Parameter* const q = range.parameters.find("q"); q != nullptr)
      quality = parse_quality(q->value);
    if (quality < 0) return;
    const std::size_t asked_indent = indent_of(range);
    const Match json = match_of(range, "application", "json", asked_indent != 0);
    if (refine(Form::kJson, json, quality)) indent = asked_indent;
    refine(Form::kPage, match_of(range, "text", "html", false), quality);
  }

  /// True if the range decides from here on.
  bool refine(Form form, Match match, int quality) noexcept {
    Preference& preference = forms[static_cast<std::size_t>(form)];
    if (match == Match::kNone || match <= preference.match) return false;
    preference = {match, quality};
    return true;
  }

  Negotiated choice() const noexcept {
    Negotiated chosen;
    const Preference& json = of(Form::kJson);
    const Preference& page = of(Form::kPage);
    if (json.quality == 0 && page.quality == 0) {
      chosen.status = Status::kNotAcceptable;
      return chosen;
    }
    const bool wants_page =
        page.quality != json.quality ? page.quality > json.quality : page.match > json.match;
    chosen.form = wants_page ? Form::kPage : Form::kJson;
    if (!wants_page) chosen.indent = indent;
    return chosen;
  }

  const Preference& of(Form form) const noexcept { return forms[static_cast<std::size_t>(form)]; }
};

/// The end of the list's first element: a comma outside a quoted string.
std::size_t element_end(std::string_view list) noexcept {
  bool is_quoted = false;
  for (std::size_t at = 0; at < list.size(); ++at) {
    if (is_quoted && list[at] == '\\') {
      ++at;
    } else if (list[at] == '"') {
      is_quoted = !is_quoted;
    } else if (list[at] == ',' && !is_quoted) {
      return at;
    }
  }
  return list.size();
}

/// False if the request has no range at all, and so no preference.
bool read_ranges(const RequestHead& head, Preferences& preferences) noexcept {
  bool any = false;
  for (std::size_t i = 0; i < head.header_count; ++i) {
    if (head.headers[i].known != KnownHeader::kAccept) continue;
    std::string_view rest = head.headers[i].value;
    while (!rest.empty()) {
      const std::size_t end = element_end(rest);
      const std::string_view element = trim_blanks(rest.substr(0, end));
      if (!element.empty()) {
        any = true;
        preferences.add(element);
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return any;
}

}  // namespace

// Goes byte by byte, because a query of nothing but separators would pay for a search at each of them.
std::optional<std::string_view> find_query_parameter(std::string_view query, std::string_view name) noexcept {
  std::optional<std::string_view> found;
  for (std::size_t at = 0; at < query.size(); ++at) {
    const std::size_t start = at;
    while (at < query.size() && query[at] != '&' && query[at] != '=') ++at;
    const bool is_wanted = at > start && query.substr(start, at - start) == name;
    const std::size_t value = std::min(query.size(), at + (at < query.size() && query[at] == '=' ? 1 : 0));
    while (at < query.size() && query[at] != '&') ++at;
    if (is_wanted) found = query.substr(value, at - value);
  }
  return found;
}

Negotiated negotiate(const RequestHead& head) noexcept {
  Negotiated chosen;
  const bool has_accept = head.has(KnownHeader::kAccept);
  if (!has_accept && head.query.empty()) return chosen;
  Preferences preferences;
  const bool any = has_accept && read_ranges(head, preferences);
  const std::optional<std::string_view> format = find_query_parameter(head.query, "format");
  if (format && !format->empty()) {
    if (*format == "api") {
      chosen.form = Form::kPage;
    } else if (*format == "json") {
      chosen.indent = preferences.indent;
    } else {
      chosen.status = Status::kUnknownFormat;
    }
    return chosen;
  }
  if (!any) return chosen;
  return preferences.choice();
}

bool prefers_page(const RequestHead& head) noexcept {
  Preferences preferences;
  if (!head.has(KnownHeader::kAccept) || !read_ranges(head, preferences)) return false;
  const Negotiated chosen = preferences.choice();
  return chosen.status == Status::kChosen && chosen.form == Form::kPage;
}

}  // namespace latchkey::http
