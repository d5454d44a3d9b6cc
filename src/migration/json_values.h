// Reads members of a JSON object as the values that a user has. Other programs write some of them in several
// ways.
// Thread: any; all are pure functions.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"

namespace latchkey::migration {

/// Nothing if there is no such member, or if it is no text.
inline std::optional<std::string> text_member(const simdjson::dom::object& object, std::string_view name) {
  std::string_view text;
  if (object[name].get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return std::string(text);
}

/// A boolean, a number, or a text such as "1", "t" or "false"; nothing for anything else.
std::optional<bool> truth_of(std::string_view text) noexcept;
std::optional<bool> truth_member(const simdjson::dom::object& object, std::string_view name);

/// The error of a text that is not JSON.
tl::unexpected<Error> no_json(simdjson::error_code why);

}  // namespace latchkey::migration
