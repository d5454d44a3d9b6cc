// `latchkey backup`, `check` and `restore`.
#pragma once

#include "arguments.h"

namespace latchkey::command {

int make_backup(const Arguments& arguments);
int check_database(const Arguments& arguments);
int restore_backup(const Arguments& arguments);

}  // namespace latchkey::command
