#include "migration/json_values.h"

#include <fmt/format.h>

#include "migration/lines.h"

namespace latchkey::migration {

std::optional<bool> truth_of(std::string_view text) noexcept {
  for (const std::string_view yes : {"1", "t", "T", "true", "True", "TRUE"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "False", "FALSE"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::optional<bool> truth_member(const simdjson::dom::object& object, std::string_view name) {
  bool truth = false;
  std::int64_t number = 0;
  std::string_view text;
  if (object[name].get_bool().get(truth) == simdjson::SUCCESS) return truth;
  if (object[name].get_int64().get(number) == simdjson::SUCCESS) return number != 0;
  if (object[name].get_string().get(text) == simdjson::SUCCESS) return truth_of(text);
  return std::nullopt;
}

tl::unexpected<Error> no_json(simdjson::error_code why) {
  return failure(ErrorCode::kInvalid, fmt::format("it is not JSON: {}", simdjson::error_message(why)));
}

}  // namespace latchkey::migration
