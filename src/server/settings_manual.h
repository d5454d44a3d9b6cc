// What latchkeyd says of its settings to a shell that completes a command line, and to its manual pages.
// Thread: the main thread, before anything else exists.
#pragma once

#include <iosfwd>
#include <span>
#include <string>

namespace latchkey::server {

/// What may be typed in place of the last of `words`: a line for each candidate, its word, a tab, and what it
/// does. The line `:files` or `:directories` asks the shell for names of files.
std::string complete_flags(std::span<const std::string> words);

/// Every setting as scdoc(5) text: as a flag, or as a key of the file.
std::string manual_of_flags();
std::string manual_of_keys();

/// Answers `latchkeyd __complete WORD...`, `latchkeyd __manual flags` and `latchkeyd __manual keys`. False if
/// none was asked for.
bool describe_settings(int argument_count, const char* const* arguments, std::ostream& output);

}  // namespace latchkey::server
