#include "server/settings_sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <fstream>
#include <span>
#include <string_view>
#include <system_error>

#include "latchkey/base/edit_distance.h"
#include "latchkey/base/file_rules.h"
#include "server/settings_sites.h"
#include "server/settings_slips.h"
#include "server/settings_text.h"

namespace latchkey::server {

namespace {

constexpr std::string_view kVariablePrefix = "LATCHKEY_";
constexpr std::string_view kConfigKey = "config";

/// The setting that was most likely meant; null if none is near enough to mention.
const Setting* nearest_setting(std::string_view key) {
  constexpr std::size_t kMaxKeyBytes = 64;
  if (key.size() > kMaxKeyBytes) return nullptr;
  if (const Setting* const same = find_setting(to_key(key))) return same;
  const Setting* nearest = nullptr;
  std::size_t least = std::max<std::size_t>(1, key.size() / 3) + 1;
  for (const Setting& setting : settings_table()) {
    const std::size_t distance = edit_distance(key, setting.key);
    if (distance < least) {
      least = distance;
      nearest = &setting;
    }
  }
  return nearest;
}

/// `as_written` spells the nearest setting as its source does.
std::string unknown(std::string_view what, std::string_view key, std::string (*as_written)(const Setting&)) {
  const Setting* const nearest = nearest_setting(key);
  if (nearest == nullptr) return fmt::format("{}; 'latchkeyd --help' lists them", what);
  return fmt::format("{}; did you mean {}?", what, as_written(*nearest));
}

std::string as_key(const Setting& setting) { return std::string(setting.key); }
std::string as_variable(const Setting& setting) { return setting.variable(); }
std::string as_flag(const Setting& setting) { return setting.flag(); }

/// Empty text is an empty list, so that a variable can override a list in the file.
void append_elements(std::string_view text, std::vector<std::string>& elements) {
  if (trimmed(text).empty()) return;
  while (true) {
    const std::size_t comma = text.find(',');
    elements.emplace_back(trimmed(text.substr(0, comma)));
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
  std::string text(kMaxSettingsFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return wrong(std::generic_category().message(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxSettingsFileBytes) return wrong("it is over 1 MiB");
  return text;
}

/// The text of a TOML value whose type the setting accepts; nothing for any other type.
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

bool takes_tables(const Setting& setting) {
  return std::holds_alternative<ListKind<VerifyAddress>>(setting.kind);
}

/// `{address = "127.0.0.1:9001", as = "envoy"}` in the form of a flag; nothing if it holds anything else.
std::optional<std::string> verify_text(const toml::table& table) {
  const toml::node* const address = table.get("address");
  const toml::node* const family = table.get("as");
  const bool is_whole = address != nullptr && address->is_string() &&
                        (family == nullptr || family->is_string()) &&
                        table.size() == (family == nullptr ? 1U : 2U);
  if (!is_whole) return std::nullopt;
  const std::string& where = address->as_string()->get();
  return family == nullptr ? where : fmt::format("{}@{}", family->as_string()->get(), where);
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
    const toml::table* const table = takes_tables(setting) ? element.as_table() : nullptr;
    const std::optional<std::string> text =
        table != nullptr ? verify_text(*table) : scalar_text(setting, element);
    if (!text) return std::nullopt;
    texts.push_back(*text);
  }
  return texts;
}

/// What to call a type that is not the expected one.
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

/// The text of a value of any type, as it was probably meant.
std::optional<std::string> loose_text(const toml::node& node) {
  if (const auto* const boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  if (const auto* const integer = node.as_integer()) return fmt::to_string(integer->get());
  if (const auto* const fraction = node.as_floating_point()) return fmt::format("{}", fraction->get());
  if (const auto* const string = node.as_string()) return string->get();
  return std::nullopt;
}

/// Empty, so that nothing is suggested, if there is a table among them.
std::vector<std::string> loose_texts(const toml::node& node) {
  std::vector<std::string> texts;
  const auto add = [&texts](const toml::node& element) {
    if (std::optional<std::string> text = loose_text(element)) texts.push_back(std::move(*text));
  };
  if (const toml::array* const array = node.as_array()) {
    for (const toml::node& element : *array) {
      if (element.is_table()) return {};
      add(element);
    }
  } else {
    add(node);
  }
  return texts;
}

/// The file while it is read: its path, its lines, and what is wrong with it so far.
class FileReader {
 public:
  FileReader(const std::filesystem::path& path, const std::string& text) : path_(path.string()) {
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      lines_.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }

  SourceReading read() && {
    // Each line that is not TOML is mended as it was probably meant, so that one run reports all of them.
    constexpr int kMostMended = 64;
    for (int mended = 0; mended <= kMostMended; ++mended) {
      try {
        const std::string text = fmt::format("{}", fmt::join(lines_, "\n"));
        const toml::table table = toml::parse(std::string_view(text), std::string_view(path_));
        read_table(table);
        break;
      } catch (const toml::parse_error& error) {
        if (!mend(error.source().begin.line, error.description())) break;
      }
    }
    return std::move(reading_);
  }

 private:
  static constexpr std::size_t kNoLine = 0;

  std::string place(std::size_t line) const { return fmt::format("{}:{}", path_, line); }
  void refuse(std::size_t line, std::string_view what) {
    reading_.problems.push_back(fmt::format("{}: {}", place(line), what));
  }

  /// Reports what is wrong. False if nothing after it can be read.
  bool mend(std::size_t line, std::string_view description) {
    if (line == kNoLine || line > lines_.size()) {
      refuse(line, description);
      return false;
    }
    if (description.find("cannot redefine") != std::string_view::npos) {
      const std::string& text = lines_[line - 1];
      const std::string_view key = trimmed(std::string_view(text).substr(0, text.find('=')));
      refuse(line, fmt::format("{} stands twice: remove one of the two lines", key));
      lines_[line - 1].clear();
      return true;
    }
    // An array that is not closed shows up at the line after it.
    const bool in_array = description.find("array") != std::string_view::npos;
    for (const std::size_t at : {line, in_array ? line - 1 : kNoLine}) {
      if (at == kNoLine) continue;
      std::optional<MendedLine> mended = mend_line(lines_[at - 1]);
      if (!mended) continue;
      refuse(at, mended->problem);
      lines_[at - 1] = std::move(mended->line);
      return true;
    }
    refuse(line, description);
    return false;
  }

  void read_table(const toml::table& table) {
    for (const auto& [key, node] : in_order_of_lines(table)) read_entry(*key, *node);
  }

  void read_entry(const toml::key& key, const toml::node& node) {
    const std::size_t line = key.source().begin.line;
    if (key.str() == kSiteKey) return read_sites(line, node);
    const Setting* const setting = find_setting(key.str());
    const bool takes_them = setting != nullptr && takes_tables(*setting) && node.is_array();
    if (is_table(node) && !takes_them) return read_in_table(line, key, node);
    const std::string where = fmt::format("{}: {}", place(line), key.str());
    if (setting == nullptr) {
      reading_.problems.push_back(unknown(where + " is no setting", key.str(), as_key));
      return;
    }
    std::optional<std::vector<std::string>> texts = texts_of(*setting, node);
    if (texts) {
      reading_.given.push_back({setting, std::move(*texts), where, true});
      return;
    }
    const std::string reason =
        fmt::format("expected {}, found {}", expectation_of(*setting), type_name(node));
    reading_.problems.push_back(
        fmt::format("{}: {}", where, refusal_of({setting, loose_texts(node), where, true}, reason)));
  }

  void read_sites(std::size_t at, const toml::node& node) {
    const toml::array* const tables = node.as_array();
    if (tables == nullptr || !tables->is_homogeneous(toml::node_type::table))
      return refuse(at, "site: the sites are tables: begin each with a line [[site]]");
    for (const toml::node& table : *tables) {
      reading_.sites.push_back(read_site(
          *table.as_table(), [this](std::size_t line, const std::string& what) { refuse(line, what); }));
    }
  }

  static bool is_table(const toml::node& node) {
    if (const toml::table* const table = node.as_table()) return !table->is_inline();
    const toml::array* const array = node.as_array();
    return array != nullptr && !array->empty() && array->is_homogeneous(toml::node_type::table) &&
           !array->front().as_table()->is_inline();
  }

  /// Entries in a table are read as if they were outside, to find out what else is wrong with them.
  void read_in_table(std::size_t line, const toml::key& key, const toml::node& node) {
    const std::string_view text = line <= lines_.size() ? trimmed(lines_[line - 1]) : std::string_view();
    if (text.starts_with('[')) {
      refuse(line, fmt::format("{} begins a table, and settings stand in none: remove this line", text));
    } else {
      refuse(line,
             fmt::format("{}: settings stand in no table: write them without `{}.`", key.str(), key.str()));
    }
    if (const toml::table* const table = node.as_table()) return read_table(*table);
    for (const toml::node& element : *node.as_array()) read_table(*element.as_table());
  }

  std::string path_;
  std::vector<std::string> lines_;
  SourceReading reading_;
};

bool is_utf16(std::string_view text) noexcept {
  return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
}

}  // namespace

std::string refusal_of(const GivenValue& given, const std::string& reason) {
  if (std::string why = not_there(*given.setting, given.values); !why.empty()) return why;
  const std::optional<std::vector<std::string>> meant = meant_by(*given.setting, given.values);
  if (!meant) return reason;
  // A list element's own error text ends with general advice, which the suggestion replaces.
  const std::size_t quoted = given.setting->is_list() ? reason.rfind('"') : std::string::npos;
  const std::size_t general = quoted == std::string::npos ? quoted : reason.find(": ", quoted);
  return fmt::format(
      "{}: write {}", reason.substr(0, general),
      given.as_toml ? toml_literal(*given.setting, *meant) : fmt::format("{}", fmt::join(*meant, ",")));
}

SourceReading read_settings_file(const std::filesystem::path& path) {
  const Result<std::string> text = read_text(path);
  if (!text) {
    SourceReading reading;
    reading.problems.push_back(text.error().text);
    return reading;
  }
  std::error_code error;
  const std::filesystem::perms mode = std::filesystem::status(path, error).permissions();
  return read_settings_text(path, *text, error ? std::filesystem::perms::none : mode);
}

SourceReading read_settings_text(const std::filesystem::path& path, const std::string& text,
                                 std::filesystem::perms mode) {
  SourceReading reading;
  if (is_utf16(text)) {
    reading.problems.push_back(fmt::format("{}: it is UTF-16: save it as UTF-8", path.string()));
    return reading;
  }
  reading = FileReader(path, text).read();
  if ((mode & std::filesystem::perms::others_write) != std::filesystem::perms::none) {
    reading.warnings.push_back(fmt::format("{}: anybody may write to it: run `chmod o-w {}`", path.string(),
                                           shell_word(path.string())));
  }
  return reading;
}

namespace {

/// A variable's name may hold any byte except '=' and NUL.
std::string printable(std::string_view name) {
  constexpr std::size_t kMaxBytes = 64;
  std::string text;
  for (const char c : name.substr(0, kMaxBytes)) text += c > ' ' && c < 0x7f ? c : '?';
  return name.size() > kMaxBytes ? text + "..." : text;
}

}  // namespace

SourceReading read_environment(const Environment& environment) {
  SourceReading reading;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kVariablePrefix)) continue;
    const std::string key = to_key(std::string_view(name).substr(kVariablePrefix.size()));
    if (key == kConfigKey) continue;
    const Setting* const setting = find_setting(key);
    // LATCHKEY_node would set something that no help text calls by that name.
    if (setting == nullptr || setting->variable() != name) {
      reading.warnings.push_back(
          unknown(printable(name) + " is no setting and is ignored", key, as_variable));
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
      // What follows an unknown flag was probably its value, and is reported with it.
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

/// A switch may be given without a value; every other flag takes one.
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
      {app.add_flag("--print-reference"), StartAction::kPrintReference},
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
