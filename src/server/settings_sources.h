// The three sources of settings, each read into the same form: which setting, which text, and where it was
// found. What the text means is up to the table.
// Thread: the main thread, at start.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "latchkey/api/sites.h"
#include "server/settings.h"
#include "server/settings_table.h"

namespace latchkey::server {

struct GivenValue {
  const Setting* setting;
  std::vector<std::string> values;
  /// The beginning of a problem's line: `latchkeyd.toml:3: node`, `LATCHKEY_NODE` or `--node`.
  std::string where;
  /// Whether a value is written as in a file, with quotes and brackets.
  bool as_toml = false;
};

/// Why the values are refused, in the words of `assign`, and what to write instead if that is plain.
std::string refusal_of(const GivenValue& given, const std::string& reason);

struct SourceReading {
  std::vector<GivenValue> given;
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
  std::vector<api::SiteRules> sites;
};

struct FlagReading {
  SourceReading values;
  StartAction action = StartAction::kServe;
  std::optional<std::string> config;
};

/// Reads a TOML file of at most 1 MiB. Each key occurs once; its value has the type of the setting. The only
/// tables are `[[site]]` and `[[verify_listen]]`.
SourceReading read_settings_file(const std::filesystem::path& path);

/// Reads every LATCHKEY_ variable except LATCHKEY_CONFIG. Commas separate the elements of a list. A variable
/// that is not a setting is a warning.
SourceReading read_environment(const Environment& environment);

/// `arguments` begins with the program's name. The elements of a list are separated by commas or given in
/// several flags. Of several actions the first of these wins: help, version, check, print-config.
FlagReading read_flags(int argument_count, const char* const* arguments);

}  // namespace latchkey::server
