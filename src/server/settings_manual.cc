#include "server/settings_manual.h"

#include <fmt/format.h>

#include <iterator>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include "server/event_help.h"
#include "server/settings_table.h"
#include "server/settings_text.h"

namespace latchkey::server {

namespace {

/// The flags that are no settings.
struct OtherFlag {
  std::string_view name;
  std::string_view value_name;
  std::string_view help;
};
constexpr OtherFlag kOtherFlags[] = {
    {"--config", "FILE", "The file to read (also $LATCHKEY_CONFIG); none is read unless it is named."},
    {"--check", "", "Say what is wrong with the settings, the data directory and the ports, and stop."},
    {"--print-config", "", "Print the settings in force as a file, and stop."},
    {"--explain", "EVENT", "Say what an event of the log means and what to do, and stop."},
    {"--print-reference", "", "Print the page of all settings, and stop."},
    {"--version", "", "Print the version, and stop."},
    {"--help", "", "Print all settings, and stop."},
};

/// The values that a flag takes, where they are few, and what the shell has to look for.
struct ValueWords {
  std::vector<std::string_view> operator()(const SwitchKind&) const { return {"true", "false"}; }
  template <class Choice>
  std::vector<std::string_view> operator()(const ChoiceKind<Choice>& kind) const {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : kind.names) names.push_back(name);
    return names;
  }
  template <class Kind>
  std::vector<std::string_view> operator()(const Kind&) const {
    return {};
  }
};

std::string_view files_for(std::string_view value_name) {
  if (value_name == "FILE") return ":files\n";
  return value_name == "DIR" ? ":directories\n" : "";
}

const Setting* setting_of(std::string_view flag) {
  for (const Setting& setting : settings_table()) {
    if (setting.flag() == flag) return &setting;
  }
  return nullptr;
}

std::string values_offered(std::string_view flag, std::string_view before, std::string_view begun) {
  if (flag == "--config") return ":files\n";
  std::string text;
  if (flag == "--explain") {
    for (const std::string_view name : event_names()) {
      if (name.starts_with(begun)) text += fmt::format("{}{}\t\n", before, name);
    }
    return text;
  }
  const Setting* const setting = setting_of(flag);
  if (setting == nullptr) return {};
  for (const std::string_view word : std::visit(ValueWords{}, setting->kind)) {
    if (word.starts_with(begun)) text += fmt::format("{}{}\t\n", before, word);
  }
  return text += files_for(setting->value_name);
}

std::string flags_offered(std::string_view begun) {
  std::string text;
  const auto add = [&](std::string_view flag, std::string_view help) {
    if (flag.starts_with(begun)) text += fmt::format("{}\t{}\n", flag, help);
  };
  for (const OtherFlag& flag : kOtherFlags) add(flag.name, flag.help);
  for (const Setting& setting : settings_table()) add(setting.flag(), setting.help);
  return text;
}

/// Whether the argument behind this one is its value: a switch's stands behind an equals sign.
bool takes_next(std::string_view word) {
  if (word == "--config" || word == "--explain") return true;
  const Setting* const setting = setting_of(word);
  return setting != nullptr && !setting->is_switch();
}

/// Text in which scdoc finds no markup.
std::string plain(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view("\\*_[]#~`|").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string about(const Setting& setting) {
  const std::vector<std::string> values = values_of(setting, Settings{});
  std::string defaults = values.empty() ? "none" : "";
  for (const std::string& value : values) defaults += (defaults.empty() ? "" : ", ") + value;
  std::string expected = expectation_of(setting);
  if (expected.front() >= 'a' && expected.front() <= 'z')
    expected.front() = static_cast<char>(expected.front() - 'a' + 'A');
  return fmt::format("\t{}\n\t{}. Default: {}. Reload: {}.\n", plain(setting.help), plain(expected),
                     plain(defaults.empty() ? "empty" : defaults), name_of(setting.reload));
}

}  // namespace

std::string complete_flags(std::span<const std::string> words) {
  std::vector<std::string> given(words.begin(), words.end());
  if (given.empty()) given.emplace_back();
  // bash takes `--data=DIR` apart, into three words or, where nothing is begun, two.
  if (given.back() == "=") given.emplace_back();
  const bool is_parted = given.size() > 2 && given[given.size() - 2] == "=";
  if (is_parted) given.erase(given.end() - 2);
  const std::string begun = given.back();
  const std::string before = given.size() > 1 ? given[given.size() - 2] : "";
  if (is_parted || takes_next(before)) return values_offered(before, "", begun);
  const std::size_t equals = begun.find('=');
  if (equals == std::string::npos) return flags_offered(begun);
  return values_offered(begun.substr(0, equals), begun.substr(0, equals + 1), begun.substr(equals + 1));
}

std::string manual_of_flags() {
  std::string text;
  for (const OtherFlag& flag : kOtherFlags) {
    fmt::format_to(std::back_inserter(text), "*{}*{}\n\t{}\n\n", flag.name,
                   flag.value_name.empty() ? "" : fmt::format(" _{}_", flag.value_name), plain(flag.help));
  }
  for (const Setting& setting : settings_table()) {
    const std::string value =
        setting.is_switch() ? "[=true|false]" : fmt::format(" _{}_", plain(setting.value_name));
    fmt::format_to(std::back_inserter(text), "*{}*{}\n{}\n", setting.flag(),
                   setting.is_switch() ? plain(value) : value, about(setting));
  }
  return text;
}

std::string manual_of_keys() {
  std::string text;
  for (const Setting& setting : settings_table()) {
    fmt::format_to(std::back_inserter(text),
                   "*{}*\n{}\tAs a flag *{}*, as a variable *{}*. Example: {} = {}\n\n", plain(setting.key),
                   about(setting), setting.flag(), plain(setting.variable()), plain(setting.key),
                   plain(toml_literal(setting, values_of(setting, Settings{}))));
  }
  return text;
}

bool describe_settings(int argument_count, const char* const* arguments, std::ostream& output) {
  const std::span<const char* const> given(arguments, static_cast<std::size_t>(argument_count));
  if (given.size() < 2) return false;
  const std::string_view asked = given[1];
  const std::string_view what = given.size() > 2 ? given[2] : "";
  if (asked == "__complete") {
    output << complete_flags(std::vector<std::string>(given.begin() + 2, given.end()));
  } else if (asked == "__manual" && what == "flags") {
    output << manual_of_flags();
  } else if (asked == "__manual" && what == "keys") {
    output << manual_of_keys();
  } else {
    return false;
  }
  return true;
}

}  // namespace latchkey::server
