// Where the command's passwords come from: the terminal, without echo and twice, or standard input; never the
// arguments, which every process of the machine can read.
#pragma once

#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"

namespace latchkey::command {

/// Standard input to its end, without one line end at its end and without a byte order mark, which it says on
/// standard error. Errors: kInvalid, it is over the longest password, or in UTF-16 or UTF-32; kUnavailable,
/// it cannot be read.
Result<SecretText> read_password_from_stdin();

/// Asks twice on the controlling terminal, with echo off. Errors: kUnavailable, there is no terminal;
/// kInvalid, the two differ or it is too long; kCancelled, a signal came. The terminal is as it was after all
/// of these.
Result<SecretText> ask_for_password(std::string_view user);

}  // namespace latchkey::command
