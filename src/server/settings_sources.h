// The three places that settings come from, each read into the same shape: which setting, which text, and
// where it stood. What the text means is the table's affair. Used once at start, on the main thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "server/settings.h"
#include "server/settings_table.h"

namespace latchkey::server {

struct GivenValue {
  const Setting* setting;
  std::vector<std::string> values;
  /// Begins a problem's line: `latchkeyd.toml:3: node`, `LATCHKEY_NODE` or `--node`.
  std::string where;
  /// A value is written as in a file, with quotes and brackets; else without.
  bool as_toml = false;
};

/// Why the values are refused, in the words of `assign`, and what to write in their place where that is
/// plain.
std::string refusal_of(const GivenValue& given, const std::string& reason);

struct SourceReading {
  std::vector<GivenValue> given;
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
};

struct FlagReading {
  SourceReading values;
  StartAction action = StartAction::kServe;
  std::optional<std::string> config;
};

/// A flat TOML file, 1 MiB at most: each key once, its value of the type that the setting asks for.
SourceReading read_settings_file(const std::filesystem::path& path);

/// Every LATCHKEY_ variable but LATCHKEY_CONFIG; the elements of a list stand between commas. One that is no
/// setting is a warning.
SourceReading read_environment(const Environment& environment);

/// `arguments` begins with the program's name. The elements of a list stand between commas or in flags of
/// their own. Of several actions the one that says the most wins: help, version, check, print-config.
FlagReading read_flags(int argument_count, const char* const* arguments);

}  // namespace latchkey::server
