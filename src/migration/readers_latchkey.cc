// What `latchkey user export` writes: a JSON object on each line.
#include <fmt/format.h>
#include <simdjson.h>

#include "migration/json_values.h"
#include "migration/lines.h"
#include "migration/readers.h"

namespace latchkey::migration {

namespace {

std::optional<std::vector<std::string>> groups_of(const simdjson::dom::object& object) {
  simdjson::dom::array elements;
  if (object["groups"].get_array().get(elements) != simdjson::SUCCESS) return std::nullopt;
  std::vector<std::string> groups;
  for (const simdjson::dom::element element : elements) {
    std::string_view group;
    if (element.get_string().get(group) == simdjson::SUCCESS) groups.emplace_back(group);
  }
  return groups;
}

}  // namespace

Users read_latchkey(std::string_view text, const ReadOptions& /*options*/) {
  std::vector<ForeignUser> users;
  simdjson::dom::parser parser;
  for (std::size_t number = 1; !text.empty() && has_room(users.size()); ++number) {
    const std::string_view line = take_line(text);
    if (trimmed(line).empty()) continue;
    simdjson::dom::object object;
    if (const auto error = parser.parse(line.data(), line.size()).get_object().get(object)) {
      return failure(ErrorCode::kInvalid,
                     fmt::format("line {} is not a JSON object: {}", number, simdjson::error_message(error)));
    }
    ForeignUser user;
    user.where = fmt::format("line {}", number);
    user.name = text_member(object, "name").value_or("");
    user.hash = text_member(object, "password_hash");
    user.active = truth_member(object, "active");
    user.superuser = truth_member(object, "superuser");
    user.first_name = text_member(object, "first_name");
    user.last_name = text_member(object, "last_name");
    user.email = text_member(object, "email");
    user.groups = groups_of(object);
    if (!user.hash) user.why_refused = "there is no password_hash: export with --with-hashes";
    users.push_back(std::move(user));
  }
  return users;
}

}  // namespace latchkey::migration
