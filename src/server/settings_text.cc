#include "server/settings_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <string_view>
#include <vector>

#include "server/settings_sites.h"
#include "server/settings_table.h"

namespace latchkey::server {

namespace {

constexpr std::string_view kUsage = R"(usage: latchkeyd [--config FILE] [FLAG...]

Each setting is a key of FILE (TOML), a variable of the environment and a flag: token_timeout = "30m" is
LATCHKEY_TOKEN_TIMEOUT=30m and --token-timeout 30m. A flag counts before a variable, and a variable before
the file. A list is an array in the file and stands between commas in a variable; its flag may be repeated.
The hosts that are guarded, and who may enter them, are [[site]] tables of FILE (docs/proxies).
A running server goes by a changed FILE after `latchkey reload FILE`, where `reload` is `now`, or `new
connections` for those that are opened from then on; `restart` waits for the next start.

  --config FILE         the file to read (LATCHKEY_CONFIG); none is read unless it is named
  --check               say what is wrong with the settings, the data directory and the ports, and stop
  --print-config        print the settings in force as a file, and stop
  --explain EVENT       say what an event of the log means and what to do, and stop
  --print-reference     print docs/reference/settings.md, and stop
  --version, -h, --help

)";

constexpr std::string_view kReferenceHead = R"(# Settings

`latchkeyd --config FILE` reads them from FILE, which is TOML. Each is also a variable and a flag: `token_timeout = "30m"`
is `LATCHKEY_TOKEN_TIMEOUT=30m` and `--token-timeout 30m`. A flag counts before a variable, and a variable before the
file. A list is an array in the file and stands between commas in a variable; its flag may be repeated. Durations are
numbers with `ms`, `s`, `m`, `h` or `d`, sizes numbers with `KiB`, `MiB` or `GiB`, or bare bytes.

`latchkey reload FILE` has a running server go by a changed file. The last column says when it does: **now**, for **new
connections** alone, or from the next **restart** on. `latchkeyd --print-reference` prints this page.

| setting | what it is | values | default | reload |
| --- | --- | --- | --- | --- |
)";

/// A bar would end the cell, and an angle bracket would begin a tag.
std::string in_cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*' || c == '_') cell.push_back('\\');
    cell.push_back(c);
  }
  return cell;
}

std::string defaults_of(const Setting& setting) {
  const std::vector<std::string> values = values_of(setting, Settings{});
  return values.empty() ? "none" : fmt::format("{}", fmt::join(values, ", "));
}

}  // namespace

std::string toml_string(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      literal.append(1, '\\').append(1, c);
    } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
      fmt::format_to(std::back_inserter(literal), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      literal.push_back(c);
    }
  }
  return literal + '"';
}

namespace {

bool is_bare(const Setting& setting) {
  return setting.is_switch() || std::holds_alternative<NumberKind<std::size_t>>(setting.kind) ||
         std::holds_alternative<NumberKind<int>>(setting.kind);
}

}  // namespace

std::string toml_literal(const Setting& setting, std::vector<std::string> values) {
  if (is_bare(setting)) return values.front();
  for (std::string& value : values) value = toml_string(value);
  return setting.is_list() ? fmt::format("[{}]", fmt::join(values, ", ")) : values.front();
}

std::string version_text() { return "latchkeyd " LATCHKEY_VERSION "\n"; }

std::string help_text() {
  std::string text(kUsage);
  for (const Setting& setting : settings_table()) {
    fmt::format_to(std::back_inserter(text), "  {}{}{}  (reload: {})\n      {}\n      {}; default {}\n",
                   setting.flag(), setting.is_switch() ? "[=true|false]" : " ", setting.value_name,
                   name_of(setting.reload), setting.help, expectation_of(setting), defaults_of(setting));
  }
  return text;
}

std::string reference_text() {
  std::string text(kReferenceHead);
  for (const Setting& setting : settings_table()) {
    fmt::format_to(std::back_inserter(text), "| `{}` | {} | {} | {} | {} |\n", setting.key,
                   in_cell(setting.help), in_cell(expectation_of(setting)), in_cell(defaults_of(setting)),
                   name_of(setting.reload));
  }
  return text + sites_reference();
}

std::string config_text(const Settings& settings) {
  std::string text = "# " + version_text();
  for (const Setting& setting : settings_table()) {
    fmt::format_to(std::back_inserter(text), "\n# {}\n# {}; default {}; reload: {}\n{} = {}\n", setting.help,
                   expectation_of(setting), defaults_of(setting), name_of(setting.reload), setting.key,
                   toml_literal(setting, values_of(setting, settings)));
  }
  return text + sites_text(settings.sites);
}

}  // namespace latchkey::server
