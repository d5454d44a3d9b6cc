// What a changed settings file changes while the server runs, and what waits for its next start. Pure:
// nothing is read, and nothing changed. Thread: the main thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "server/settings.h"
#include "server/settings_sources.h"

namespace latchkey::server {

/// A settings file as `latchkey reload` has handed it over.
struct SettingsFile {
  std::filesystem::path path;  ///< as the command names it
  std::string text;
  std::filesystem::perms mode{};
};

struct ReloadedSettings {
  /// Why nothing is changed, one line each as in LoadedSettings. If there is one, only it and the warnings
  /// count.
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
  /// To serve by from now on: the former ones, with what a reload may change.
  Settings settings;
  std::shared_ptr<const SettingsSources> sources;
  /// Keys of settings: what is another from now on, and what differs from the file until the next start.
  std::vector<std::string> applied;
  std::vector<std::string> pending;
  /// Changes of the file that a flag or a variable hides, one sentence each.
  std::vector<std::string> hidden;
};

/// Reads the whole file and checks it, with the flags and variables that count before it. All of it is good,
/// or nothing holds.
ReloadedSettings reload_settings(const Settings& in_force, const SettingsSources& former,
                                 const SettingsFile& file);

}  // namespace latchkey::server
