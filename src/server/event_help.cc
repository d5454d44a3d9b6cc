#include "server/event_help.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <span>
#include <string>

#include "latchkey/base/edit_distance.h"
#include "latchkey/base/printable.h"
#include "server/server.h"

namespace latchkey::server {

extern const std::string_view kLogEventsPage;  // docs/reference/log-events.md

namespace {

constexpr std::string_view kFlag = "--explain";
constexpr std::string_view kHeading = "\n### ";

/// The part of `text` behind `begin`, or empty.
std::string_view behind(std::string_view text, std::string_view begin) {
  const std::size_t at = text.find(begin);
  return at == std::string_view::npos ? std::string_view{} : text.substr(at + begin.size());
}

/// The nearest name within a third of it, or empty.
std::string_view nearest_event(std::string_view word) {
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view name : event_names()) {
    const std::size_t distance = edit_distance(word, name);
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

int explain(std::string_view event, std::ostream& out, std::ostream& err) {
  constexpr std::string_view kAll = "docs/reference/log-events.md lists them";
  if (event.empty()) {
    err << fmt::format("latchkeyd: {} needs the name of an event, as in '{} login.refused'; {}\n", kFlag,
                       kFlag, kAll);
    return kExitUsage;
  }
  if (const std::string_view found = explanation_of(event); !found.empty()) {
    out << event << ": " << found << '\n';
    return kExitDone;
  }
  const std::string_view meant = nearest_event(event);
  const std::string help = meant.empty() ? std::string(kAll) : fmt::format("did you mean {}?", meant);
  err << fmt::format("latchkeyd: there is no event '{}'; {}\n", printable(event), help);
  return kExitUsage;
}

}  // namespace

std::vector<std::string_view> event_names() {
  std::vector<std::string_view> names;
  for (std::string_view rest = behind(kLogEventsPage, kHeading); !rest.empty();
       rest = behind(rest, kHeading)) {
    names.push_back(rest.substr(0, rest.find('\n')));
  }
  return names;
}

std::string_view explanation_of(std::string_view event) {
  // A name is one line, or the next heading would be taken for a part of it.
  if (event.empty() || event.find('\n') != std::string_view::npos) return {};
  std::string_view text = behind(kLogEventsPage, fmt::format("{}{}\n\n", kHeading, event));
  // The section ends where the next one begins, or the next group of events.
  text = text.substr(0, std::min(text.find(kHeading), text.find("\n## ")));
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

std::optional<int> explain_event(int argument_count, const char* const* arguments, std::ostream& out,
                                 std::ostream& err) {
  const std::span<const char* const> given(arguments, static_cast<std::size_t>(argument_count));
  for (std::size_t i = 1; i < given.size(); ++i) {
    const std::string_view word = given[i];
    if (word == kFlag) return explain(i + 1 < given.size() ? given[i + 1] : "", out, err);
    if (word.starts_with("--explain=")) return explain(word.substr(kFlag.size() + 1), out, err);
  }
  return std::nullopt;
}

}  // namespace latchkey::server
