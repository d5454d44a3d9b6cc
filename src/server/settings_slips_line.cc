#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "server/settings_slips.h"
#include "server/settings_text.h"

namespace latchkey::server {

namespace {

bool is_toml(std::string_view text) {
  try {
    static_cast<void>(toml::parse(text));
    return true;
  } catch (const toml::parse_error&) {
    return false;
  }
}

bool is_in_key(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// `key = value`, or its form in other languages: `key: value`, `key := value`, `key value;`.
struct Parts {
  std::string_view key;
  std::string_view value;
  bool has_equals = false;  ///< and nothing else between the two
};

std::optional<Parts> parts_of(std::string_view line) {
  Parts parts;
  const std::size_t end =
      std::min(static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), is_in_key) - line.begin()),
               line.size());
  parts.key = line.substr(0, end);
  std::string_view rest = line.substr(end);
  const std::string_view behind = trimmed(rest);
  const std::size_t separator = std::min(behind.find_first_not_of(":=>"), behind.size());
  if (parts.key.empty() || (separator == 0 && (behind.empty() || behind.size() == rest.size())))
    return std::nullopt;
  parts.has_equals = behind.substr(0, separator) == "=";
  parts.value = trimmed(behind.substr(separator));
  // A comment after the value, unless the comment mark is within quotes.
  for (const std::string_view mark : {" #", "\t#", " //"}) {
    const std::size_t comment = parts.value.rfind(mark);
    if (comment == std::string_view::npos ||
        parts.value.find_first_of("\"'", comment) != std::string_view::npos)
      continue;
    parts.value = trimmed(parts.value.substr(0, comment));
  }
  return parts;
}

/// The texts of an array's elements, or the value itself.
std::vector<std::string> elements_of(const Setting& setting, std::string_view value) {
  std::vector<std::string> elements;
  const bool in_brackets =
      setting.is_list() && value.starts_with('[') && value.find("]:") == std::string_view::npos;
  if (!in_brackets) return {std::string(value)};
  value.remove_prefix(1);
  if (value.ends_with(']')) value.remove_suffix(1);
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view element = trimmed(value.substr(0, comma));
    if (!element.empty()) elements.emplace_back(element);
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return elements;
}

/// The value as a literal that the setting takes.
std::optional<std::string> literal_from(const Setting& setting, std::string_view value) {
  std::vector<std::string> texts = elements_of(setting, value);
  for (std::string& text : texts) text = bare(text);
  Settings settings;
  if (!texts.empty() && assign(setting, texts, settings)) {
    const std::string as_written = toml_literal(setting, texts);
    // TOML has no numbers such as 04.
    return is_toml("a = " + as_written) ? as_written : toml_literal(setting, values_of(setting, settings));
  }
  const std::optional<std::vector<std::string>> meant = meant_by(setting, texts);
  if (!meant) return std::nullopt;
  return toml_literal(setting, *meant);
}

}  // namespace

std::optional<MendedLine> mend_line(std::string_view line) {
  line = trimmed(line);
  for (const std::string_view mark : {"//", ";", "--"}) {
    if (!line.starts_with(mark)) continue;
    const std::string mended = fmt::format("# {}", trimmed(line.substr(mark.size())));
    return MendedLine{mended, fmt::format("a comment begins with #: write {}", mended)};
  }
  const std::optional<Parts> parts = parts_of(line);
  if (!parts || is_toml(line)) return std::nullopt;
  const Setting* const setting = find_setting(to_key(parts->key));
  // An unknown key does not say what its value should be; the parser's own message is reported.
  if (setting == nullptr) return std::nullopt;
  const std::optional<std::string> literal = literal_from(*setting, parts->value);
  if (!literal) {
    const std::vector<std::string> texts = elements_of(*setting, parts->value);
    const std::string why = not_there(*setting, texts);
    if (why.empty()) return std::nullopt;
    return MendedLine{{}, fmt::format("{}: {}", parts->key, why)};
  }
  const std::string mended = fmt::format("{} = {}", setting->key, *literal);
  if (!is_toml(mended)) return std::nullopt;
  const bool key_is_right = parts->has_equals && parts->key == setting->key;
  return MendedLine{
      mended, fmt::format("{}: {} is no TOML value: write {}", parts->key,
                          parts->value.empty() ? "nothing" : parts->value, key_is_right ? *literal : mended)};
}

}  // namespace latchkey::server
