// Reads the command's passwords: from the terminal, twice and without echo, or from standard input. Never
// from the arguments, which every process of the machine can read.
#pragma once

#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"

namespace latchkey::command {

/// Reads standard input to its end. Drops one line end at the end, and a byte order mark, which it reports on
/// standard error.
/// Errors: kInvalid if it is too long, or in UTF-16 or UTF-32; kUnavailable if it cannot be read.
Result<SecretText> read_password_from_stdin();

/// Reads a password's hash so, as another program stored it, and returns the one to store. Takes a whole line
/// `name:hash` of this user too, and blank lines behind. Says on standard error if the hash is wrapped
/// because it is fast to guess.
/// Errors: those of read_password_from_stdin; kInvalid if there is no hash that is read, or another user's
/// line.
Result<SecretText> read_hash_from_stdin(std::string_view user);

/// Asks twice on the controlling terminal, with echo off, and always restores the terminal.
/// Errors: kUnavailable if there is no terminal; kInvalid if the two differ or are too long; kCancelled if a
/// signal came.
Result<SecretText> ask_for_password(std::string_view user);

}  // namespace latchkey::command
