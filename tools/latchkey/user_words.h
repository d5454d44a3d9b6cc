// The names of users, for a shell that completes a command line. Only a running server is asked, and only if
// it lets this user administer: the database is left alone. Thread: any.
#pragma once

#include <vector>

#include "backend.h"
#include "command_line/describe.h"

namespace latchkey::command {

/// The first names in the server's order, as many as one answer has; none if no server answers.
std::vector<command_line::Candidate> user_words(const BackendOptions& options);

}  // namespace latchkey::command
