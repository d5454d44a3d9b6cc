// Answers the commonest slips in settings with what would be right: a value in another program's spelling
// ("30 minutes", yes, *:8080), or a line that is not TOML. A suggestion is always valid when typed as it is.
// Thread: the main thread, at start.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/settings_table.h"

namespace latchkey::server {

/// In lower case, with underscores: `Token-Timeout` becomes token_timeout.
std::string to_key(std::string_view text);

/// Without blanks at either end.
std::string_view trimmed(std::string_view text) noexcept;

/// Without quotes of any kind around it, and without another language's line terminator.
std::string bare(std::string_view text);

/// The values that were probably meant by texts that `assign` refuses; nothing if none is near.
std::optional<std::vector<std::string>> meant_by(const Setting& setting, std::span<const std::string> texts);

/// Explains texts that ask for something this version does not do; empty for all others.
std::string not_there(const Setting& setting, std::span<const std::string> texts);

/// A line of a settings file that is not TOML, as it was probably meant.
struct MendedLine {
  std::string line;
  std::string
      problem;  ///< what is wrong, and what to write: "node: edge-1 is no TOML value: write \"edge-1\""
};
std::optional<MendedLine> mend_line(std::string_view line);

}  // namespace latchkey::server
