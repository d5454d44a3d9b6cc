// What a command line of CLI11 offers, for those who type it and for its manual page. Both come from the
// declarations that parse it, so neither can be out of date. Thread: any.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace latchkey::command_line {

/// A word that may be typed, and what it does.
struct Candidate {
  std::string word;
  std::string about;
};

/// Words for the value of an option or of a positional argument, beyond what its declaration says: names that
/// only a running server knows, for instance.
using ValueWords = std::function<std::vector<Candidate>(const CLI::Option& of)>;

/// What may be typed in place of the last of `words`, which may be empty or begun: a line for each candidate,
/// its word, a tab, and what it does. The line `:files` or `:directories` asks the shell for names of files.
/// Options and arguments without a description are not offered.
std::string complete(const CLI::App& app, std::span<const std::string> words, const ValueWords& values = {});

/// The commands and options as scdoc(5) text: a section `## program command` for each command that does
/// something.
std::string manual(const CLI::App& app);

/// Answers `PROGRAM __complete WORD...` and `PROGRAM __manual`. False if neither was asked for.
bool answer(const CLI::App& app, int argument_count, const char* const* arguments, std::ostream& output,
            const ValueWords& values = {});

}  // namespace latchkey::command_line
