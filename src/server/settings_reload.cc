#include "server/settings_reload.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "server/settings_sites.h"
#include "server/settings_table.h"

namespace latchkey::server {

namespace {

bool differ(const Setting& setting, const Settings& left, const Settings& right) {
  return values_of(setting, left) != values_of(setting, right);
}

/// What the file alone would give.
Settings given_by(const SourceReading& reading) {
  Settings settings;
  for (const GivenValue& given : reading.given) {
    static_cast<void>(assign(*given.setting, given.values, settings));  // its problems are reported already
  }
  return settings;
}

void take_over(const Settings& wanted, ReloadedSettings& reloaded) {
  for (const Setting& setting : settings_table()) {
    if (!differ(setting, reloaded.settings, wanted)) continue;
    if (setting.reload == Reload::kRestart) {
      reloaded.pending.emplace_back(setting.key);
      continue;
    }
    const Result<void> assigned = assign(setting, values_of(setting, wanted), reloaded.settings);
    if (assigned) {
      reloaded.applied.emplace_back(setting.key);
    } else {
      reloaded.problems.push_back(fmt::format("{}: {}", setting.key, assigned.error().text));
    }
  }
  if (sites_text(reloaded.settings.sites) == sites_text(wanted.sites)) return;
  reloaded.settings.sites = wanted.sites;
  reloaded.applied.emplace_back(kSiteKey);
}

/// The settings that are applied must fit those that wait for a restart, too.
void check_mixture(ReloadedSettings& reloaded) {
  if (reloaded.pending.empty()) return;
  std::vector<std::string> problems;
  find_contradictions(reloaded.settings, problems);
  for (const std::string& problem : problems) {
    reloaded.problems.push_back(problem +
                                " (with what holds until a restart: restart the server to change both)");
  }
}

void find_hidden(const SettingsSources& former, const SettingsSources& now, ReloadedSettings& reloaded) {
  const Settings before = given_by(former.file);
  const Settings after = given_by(now.file);
  std::set<const Setting*> seen;
  for (const SourceReading* const source : {&now.flags, &now.environment}) {
    for (const GivenValue& given : source->given) {
      if (!seen.insert(given.setting).second || !differ(*given.setting, before, after)) continue;
      reloaded.hidden.push_back(
          fmt::format("{} is as {} gives it, which counts before the file", given.setting->key, given.where));
    }
  }
}

}  // namespace

ReloadedSettings reload_settings(const Settings& in_force, const SettingsSources& former,
                                 const SettingsFile& file) {
  SettingsSources sources{file.path, read_settings_text(file.path, file.text, file.mode), former.environment,
                          former.flags};
  ReloadedSettings reloaded;
  reloaded.warnings = sources.file.warnings;
  LoadedSettings wanted = settings_from(std::move(sources));
  reloaded.problems = std::move(wanted.problems);
  reloaded.settings = in_force;
  reloaded.sources = std::move(wanted.sources);
  if (!reloaded.problems.empty()) return reloaded;
  take_over(wanted.settings, reloaded);
  check_mixture(reloaded);
  find_hidden(former, *reloaded.sources, reloaded);
  return reloaded;
}

}  // namespace latchkey::server
