#include "latchkey/http/media_type.h"

#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

std::string_view take_token(std::string_view& text) noexcept {
  std::size_t end = 0;
  while (end < text.size() && is_a(kTokenCharacter, text[end])) ++end;
  const std::string_view token = text.substr(0, end);
  text.remove_prefix(end);
  return token;
}

void skip_blanks(std::string_view& text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

bool take(std::string_view& text, char wanted) noexcept {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

/// Takes the quoted-string of RFC 9110 §5.6.4 without its quotes. The opening quote is already taken.
std::optional<std::string_view> take_quoted(std::string_view& text) noexcept {
  std::size_t at = 0;
  while (at < text.size() && text[at] != '"') {
    const bool is_pair = text[at] == '\\';
    if (is_pair && at + 1 == text.size()) return std::nullopt;
    if (is_pair ? !is_a(kValueCharacter, text[at + 1]) : !is_a(kQuotedCharacter, text[at]))
      return std::nullopt;
    at += is_pair ? 2 : 1;
  }
  if (at >= text.size()) return std::nullopt;
  const std::string_view inside = text.substr(0, at);
  text.remove_prefix(at + 1);
  return inside;
}

std::optional<Parameter> take_parameter(std::string_view& text) noexcept {
  Parameter parameter;
  parameter.name = take_token(text);
  if (parameter.name.empty() || !take(text, '=')) return std::nullopt;
  if (take(text, '"')) {
    const std::optional<std::string_view> inside = take_quoted(text);
    if (!inside) return std::nullopt;
    parameter.value = *inside;
    return parameter;
  }
  parameter.value = take_token(text);
  if (parameter.value.empty()) return std::nullopt;
  return parameter;
}

}  // namespace

std::string Parameter::text() const {
  std::string result;
  result.reserve(value.size());
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value[at] == '\\' && at + 1 < value.size()) ++at;
    result += value[at];
  }
  return result;
}

std::optional<Parameters> Parameters::parse(std::string_view text) noexcept {
  Parameters parameters;
  skip_blanks(text);
  while (take(text, ';')) {
    skip_blanks(text);
    if (text.empty() || text.front() == ';') continue;  // Empty parameters are allowed (RFC 9110 §5.6.6).
    const std::optional<Parameter> parameter = take_parameter(text);
    if (!parameter || parameters.find(parameter->name) != nullptr) return std::nullopt;
    if (parameters.count_ == kMaxParameters) return std::nullopt;
    parameters.parameters_[parameters.count_++] = *parameter;
    skip_blanks(text);
  }
  if (!text.empty()) return std::nullopt;
  return parameters;
}

const Parameter* Parameters::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    if (equals_ignoring_case(parameters_[i].name, name)) return &parameters_[i];
  }
  return nullptr;
}

std::optional<MediaType> MediaType::parse(std::string_view text) noexcept {
  MediaType media_type;
  skip_blanks(text);
  media_type.type = take_token(text);
  if (media_type.type.empty() || !take(text, '/')) return std::nullopt;
  media_type.subtype = take_token(text);
  if (media_type.subtype.empty()) return std::nullopt;
  const std::optional<Parameters> parameters = Parameters::parse(text);
  if (!parameters) return std::nullopt;
  media_type.parameters = *parameters;
  return media_type;
}

bool MediaType::is(std::string_view wanted_type, std::string_view wanted_subtype) const noexcept {
  return equals_ignoring_case(type, wanted_type) && equals_ignoring_case(subtype, wanted_subtype);
}

}  // namespace latchkey::http
