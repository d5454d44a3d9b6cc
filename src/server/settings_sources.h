// The three sources of settings, each read into the same form: which setting, which text, and where it was
// found. What the text means is up to the table.
// Thread: the main thread, at start and at a reload.
#pragma once

#include <cstddef>
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

/// All sources, each before the one that counts more.
struct SettingsSources {
  std::filesystem::path path;  ///< the file's, absolute; empty if none was named
  SourceReading file;
  SourceReading environment;
  SourceReading flags;
};

/// The bound on a settings file.
inline constexpr std::size_t kMaxSettingsFileBytes = std::size_t{1} << 20;

/// Reads a TOML file of at most kMaxSettingsFileBytes. Each key occurs once; its value has the type of the
/// setting. The only tables are `[[site]]` and `[[verify_listen]]`.
SourceReading read_settings_file(const std::filesystem::path& path);

/// The same for a file that has been read. `path` is what problems call it; `mode` is its mode.
SourceReading read_settings_text(const std::filesystem::path& path, const std::string& text,
                                 std::filesystem::perms mode);

/// Reads every LATCHKEY_ variable except LATCHKEY_CONFIG. Commas separate the elements of a list. A variable
/// that is not a setting is a warning.
SourceReading read_environment(const Environment& environment);

/// `arguments` begins with the program's name. The elements of a list are separated by commas or given in
/// several flags. Of several actions the first of these wins: help, version, check, print-config,
/// print-reference.
FlagReading read_flags(int argument_count, const char* const* arguments);

/// The settings that the sources give together.
LoadedSettings settings_from(SettingsSources sources);

/// Adds what is wrong with settings in combination, one line each.
void find_contradictions(const Settings& settings, std::vector<std::string>& problems);

}  // namespace latchkey::server
