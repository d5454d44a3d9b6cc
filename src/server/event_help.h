// What latchkeyd says of an event of its log, by `--explain`: a section of docs/reference/log-events.md,
// which the build embeds. Thread: any.
#pragma once

#include <iosfwd>
#include <optional>
#include <string_view>
#include <vector>

namespace latchkey::server {

/// The names of all events, in the order of the page.
std::vector<std::string_view> event_names();

/// What the page says below the heading of the event; empty if no event has this name.
std::string_view explanation_of(std::string_view event);

/// Answers `latchkeyd --explain EVENT`, whatever other arguments there are, with the exit status. Nothing if
/// it was not asked.
std::optional<int> explain_event(int argument_count, const char* const* arguments, std::ostream& out,
                                 std::ostream& err);

}  // namespace latchkey::server
