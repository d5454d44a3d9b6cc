#include "latchkey/server/settings_sources.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <fstream>
#include <numeric>
#include <span>
#include <string_view>
#include <system_error>

namespace latchkey::server {

namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
constexpr std::string_view kVariablePrefix = "LATCHKEY_";
constexpr std::string_view kConfigKey = "config";

/// Levenshtein's distance.
std::size_t distance_of(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t substituted = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// The setting that was most likely meant; null where none is near enough to be worth saying.
const Setting* nearest_setting(std::string_view key) {
  constexpr std::size_t kMaxKeyBytes = 64;
  if (key.size() > kMaxKeyBytes) return nullptr;
  const Setting* nearest = nullptr;
  std::size_t least = std::max<std::size_t>(1, key.size() / 3) + 1;
  for (const Setting& setting : settings_table()) {
    const std::size_t distance = distance_of(key, setting.key);
    if (distance < least) {
      least = distance;
      nearest = &setting;
    }
  }
  return nearest;
}

/// `as_written` spells the nearest setting the way the source does.
std::string unknown(std::string_view what, std::string_view key, std::string (*as_written)(const Setting&)) {
  const Setting* const nearest = nearest_setting(key);
  if (nearest == nullptr) return fmt::format("{}; 'latchkeyd --help' lists them", what);
  return fmt::format("{}; did you mean {}?", what, as_written(*nearest));
}

std::string as_key(const Setting& setting) { return std::string(setting.key); }
std::string as_variable(const Setting& setting) { return setting.variable(); }
std::string as_flag(const Setting& setting) { return setting.flag(); }

std::string to_key(std::string_view text) {
  std::string key(text);
  std::transform(key.begin(), key.end(), key.begin(), [](char c) {
    if (c == '-') return '_';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return key;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

/// Empty text is an empty list, so that a variable can take away what the file gives.
void append_elements(std::string_view text, std::vector<std::string>& elements) {
  if (trimmed(text).empty()) return;
  while (true) {
    const std::size_t comma = text.find(',');
    elements.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

// --- the file ---

Result<std::string> read_text(const std::filesystem::path& path) {
  std::error_code error;
  const auto wrong = [&path](std::string_view why) {
    return failure(ErrorCode::kNotFound, fmt::format("{}: cannot be read: {}", path.string(), why));
  };
  if (std::filesystem::is_directory(path, error)) return wrong("it is a directory");
  std::ifstream file(path, std::ios::binary);
  if (!file) return wrong(std::generic_category().message(errno));
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return wrong(std::generic_category().message(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) return wrong("it is over 1 MiB");
  return text;
}

/// The text of a TOML value of a type that the setting takes; nothing for any other.
std::optional<std::string> scalar_text(const Setting& setting, const toml::node& node) {
  const bool is_number = std::holds_alternative<NumberKind<std::size_t>>(setting.kind) ||
                         std::holds_alternative<NumberKind<int>>(setting.kind);
  const bool is_bytes = std::holds_alternative<BytesKind>(setting.kind);
  if (const auto* const boolean = node.as_boolean()) {
    if (setting.is_switch()) return boolean->get() ? "true" : "false";
  } else if (const auto* const integer = node.as_integer()) {
    if (is_number || is_bytes) return fmt::to_string(integer->get());
  } else if (const auto* const string = node.as_string()) {
    if (!is_number && !setting.is_switch()) return string->get();
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> texts_of(const Setting& setting, const toml::node& node) {
  std::vector<std::string> texts;
  const toml::array* const array = setting.is_list() ? node.as_array() : nullptr;
  if (array == nullptr) {
    const std::optional<std::string> text = scalar_text(setting, node);
    if (!text) return std::nullopt;
    texts.push_back(*text);
    return texts;
  }
  for (const toml::node& element : *array) {
    const std::optional<std::string> text = scalar_text(setting, element);
    if (!text) return std::nullopt;
    texts.push_back(*text);
  }
  return texts;
}

/// What the type is called where it is not the one that was expected.
std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a fraction";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::array:
      return "an array, or one of mixed types";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

void read_entry(const std::filesystem::path& path, const toml::key& key, const toml::node& node,
                SourceReading& reading) {
  const std::string where = fmt::format("{}:{}: {}", path.string(), key.source().begin.line, key.str());
  const Setting* const setting = find_setting(key.str());
  if (setting == nullptr) {
    reading.problems.push_back(unknown(where + " is no setting", key.str(), as_key));
    return;
  }
  std::optional<std::vector<std::string>> texts = texts_of(*setting, node);
  if (!texts) {
    reading.problems.push_back(
        fmt::format("{}: expected {}, found {}", where, expectation_of(*setting), type_name(node)));
    return;
  }
  reading.given.push_back({setting, std::move(*texts), where});
}

}  // namespace

SourceReading read_settings_file(const std::filesystem::path& path) {
  SourceReading reading;
  const Result<std::string> text = read_text(path);
  if (!text) {
    reading.problems.push_back(text.error().text);
    return reading;
  }
  try {
    const toml::table table = toml::parse(*text, path.string());
    // The table is in the order of its keys; whoever mends the file goes by its lines.
    std::vector<std::pair<const toml::key*, const toml::node*>> entries;
    for (const auto& [key, node] : table) entries.emplace_back(&key, &node);
    std::sort(entries.begin(), entries.end(), [](const auto& left, const auto& right) {
      return left.first->source().begin < right.first->source().begin;
    });
    for (const auto& [key, node] : entries) read_entry(path, *key, *node, reading);
  } catch (const toml::parse_error& error) {
    reading.problems.push_back(
        fmt::format("{}:{}: {}", path.string(), error.source().begin.line, error.description()));
  }
  return reading;
}

SourceReading read_environment(const Environment& environment) {
  SourceReading reading;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kVariablePrefix)) continue;
    const std::string key = to_key(std::string_view(name).substr(kVariablePrefix.size()));
    if (key == kConfigKey) continue;
    const Setting* const setting = find_setting(key);
    // LATCHKEY_node would set a thing that no help names so.
    if (setting == nullptr || setting->variable() != name) {
      reading.problems.push_back(unknown(name + " is no setting", key, as_variable));
      continue;
    }
    GivenValue given{setting, {}, name};
    if (setting->is_list()) {
      append_elements(value, given.values);
    } else {
      given.values.push_back(value);
    }
    reading.given.push_back(std::move(given));
  }
  return reading;
}

// --- the flags ---

namespace {

void report_extras(const std::vector<std::string>& extras, std::vector<std::string>& problems) {
  bool may_be_a_value = false;
  for (const std::string& extra : extras) {
    if (extra.starts_with('-')) {
      const std::size_t equals = extra.find('=');
      const std::string flag = extra.substr(0, equals);
      const std::size_t dashes = std::min(flag.find_first_not_of('-'), flag.size());
      problems.push_back(unknown(flag + " is no flag", to_key(flag.substr(dashes)), as_flag));
      may_be_a_value = equals == std::string::npos;
    } else {
      // What follows an unknown flag was meant for it, and is reported with it.
      if (!may_be_a_value)
        problems.push_back(fmt::format("'{}' is no flag, and nothing else is taken", extra));
      may_be_a_value = false;
    }
  }
}

/// CLI11 reads the value of `--node=` from the argument that follows.
void report_empty_values(std::span<const char* const> arguments, std::vector<std::string>& problems) {
  for (const std::string_view argument : arguments) {
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
      problems.push_back(fmt::format("{} has no value behind the '='", argument));
    }
  }
}

/// Switches may stand alone; every other flag takes one value.
CLI::Option* declare(CLI::App& app, const Setting& setting) {
  if (setting.is_switch()) return app.add_flag(setting.flag())->take_last();
  CLI::Option* const option = app.add_option(setting.flag())->type_name(std::string(setting.value_name));
  return setting.is_list() ? option->take_all() : option->take_last();
}

GivenValue given_by(const Setting& setting, const CLI::Option& option) {
  GivenValue given{&setting, {}, setting.flag()};
  for (const std::string& text : option.results()) {
    if (setting.is_list()) {
      append_elements(text, given.values);
    } else {
      given.values.assign(1, text);
    }
  }
  return given;
}

}  // namespace

FlagReading read_flags(int argument_count, const char* const* arguments) {
  FlagReading reading;
  report_empty_values(std::span(arguments, static_cast<std::size_t>(argument_count)),
                      reading.values.problems);
  if (!reading.values.problems.empty()) return reading;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<std::pair<const Setting*, const CLI::Option*>> options;
  for (const Setting& setting : settings_table()) options.emplace_back(&setting, declare(app, setting));
  const CLI::Option* const config = app.add_option("--config")->type_name("FILE")->take_last();
  const std::pair<const CLI::Option*, StartAction> actions[] = {
      {app.add_flag("-h,--help"), StartAction::kHelp},
      {app.add_flag("--version"), StartAction::kVersion},
      {app.add_flag("--check"), StartAction::kCheck},
      {app.add_flag("--print-config"), StartAction::kPrintConfig},
  };
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::Error& error) {
    reading.values.problems.emplace_back(error.what());
    return reading;
  }
  report_extras(app.remaining(), reading.values.problems);
  for (const auto& [setting, option] : options) {
    if (option->count() > 0) reading.values.given.push_back(given_by(*setting, *option));
  }
  if (config->count() > 0) reading.config = config->results().back();
  const auto* const asked = std::find_if(std::begin(actions), std::end(actions),
                                         [](const auto& action) { return action.first->count() > 0; });
  if (asked != std::end(actions)) reading.action = asked->second;
  return reading;
}

}  // namespace latchkey::server
