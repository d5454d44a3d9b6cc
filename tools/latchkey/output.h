// Prints replies for people. Names, agents and everything else that others wrote are escaped
// (`base/printable.h`): nothing that moves a terminal's cursor or hides text gets through.
#pragma once

#include <cstdint>
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

/// The reply to POST /reload.
struct ReloadReply {
  std::vector<std::string> applied;
  std::vector<std::string> pending;
  std::vector<std::string> hidden;
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
};
ReloadReply read_reload_reply(std::string_view json);

/// A page of a long answer: the elements of its list `member`, verbatim, and where the next page begins.
struct Page {
  std::vector<std::string> elements;
  std::string next;  ///< empty: this was the last
};
Page read_page(std::string_view json, std::string_view member);

/// A whole number of the reply's; 0 if it does not say.
std::uint64_t number_member(std::string_view json, std::string_view name);
/// False also if the element does not say.
bool truth_member(std::string_view json, std::string_view name);
/// A text of an element of a page, as it is; empty if there is none.
std::string text_member(std::string_view json, std::string_view name);

/// `{"users":[...]}` of all pages.
std::string users_json(const std::vector<std::string>& users);
/// A table of them.
std::string users_table(const std::vector<std::string>& users);

/// The reply to GET /users/NAME, a line for each member.
std::string user_lines(std::string_view json);

/// A table of the reply to GET /tokens/NAME.
std::string tokens_table(std::string_view json);
/// A table of all users' tokens.
std::string all_tokens_table(const std::vector<std::string>& tokens);

}  // namespace latchkey::command
