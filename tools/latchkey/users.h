// What the command does to users, one at a time. Each returns the exit status.
#pragma once

#include <string>
#include <string_view>

#include "arguments.h"

namespace latchkey::command {

int add_user(const Arguments& arguments);
int set_password(const Arguments& arguments);
int unlock_user(const Arguments& arguments);
/// Sends a request without a body about the user; `done` says what then is done.
int change_user(const Arguments& arguments, std::string method, std::string_view act_path,
                std::string_view done);
int rename_user(const Arguments& arguments);
int set_details(const Arguments& arguments);
/// `list` says what becomes of the given groups: "add" or "remove".
int change_groups(const Arguments& arguments, std::string_view list);
int list_users(const Arguments& arguments);
int show_user(const Arguments& arguments);

}  // namespace latchkey::command
