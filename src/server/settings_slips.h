// The commonest slips of whoever writes settings, answered with what would be right: a value in another
// program's spelling ("30 minutes", yes, *:8080), or a line that is no TOML. What is suggested is always
// taken when it is typed. Used once at start, on the main thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/settings_table.h"

namespace latchkey::server {

/// Levenshtein's distance, with two neighbours that have changed places as one edit.
std::size_t edit_distance(std::string_view left, std::string_view right);

/// Lower case, with underscores: `Token-Timeout` is the key token_timeout.
std::string to_key(std::string_view text);

/// Without blanks at both ends.
std::string_view trimmed(std::string_view text) noexcept;

/// Without quotes of any kind around it, and without what other languages end a line by.
std::string bare(std::string_view text);

/// The values that were probably meant by texts of which `assign` takes no notice; none where nothing is
/// near.
std::optional<std::vector<std::string>> meant_by(const Setting& setting, std::span<const std::string> texts);

/// Why texts are wrong that look like what this version does not do; empty for all others.
std::string not_there(const Setting& setting, std::span<const std::string> texts);

/// A line of a settings file that is no TOML, as it was probably meant.
struct MendedLine {
  std::string line;
  std::string
      problem;  ///< what is wrong, and what to write: "node: edge-1 is no TOML value: write \"edge-1\""
};
std::optional<MendedLine> mend_line(std::string_view line);

}  // namespace latchkey::server
