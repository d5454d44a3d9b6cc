// Prints replies for people. Names, agents and everything else that others wrote are escaped
// (`base/printable.h`): nothing that moves a terminal's cursor or hides text gets through.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latchkey::command {

/// The `detail` of a refusal.
std::string refusal_text(std::string_view json);

/// "; 3 tokens ended", or nothing if the reply does not say.
std::string ended_text(std::string_view json);

/// "is in admins, staff", or "is in no group": what a reply says of its user.
std::string groups_text(std::string_view json);

/// What a reply says about unlocking its name, one sentence per line; nothing if it says nothing.
std::string unlocked_text(std::string_view json);

/// A page of GET /users: its users' objects verbatim, and where the next page begins.
struct UserPage {
  std::vector<std::string> users;
  std::string next;  ///< empty: this was the last
};
UserPage read_user_page(std::string_view json);

/// `{"users":[...]}` of all pages.
std::string users_json(const std::vector<std::string>& users);
/// A table of them.
std::string users_table(const std::vector<std::string>& users);

/// A table of the reply to GET /tokens/NAME.
std::string tokens_table(std::string_view json);

}  // namespace latchkey::command
