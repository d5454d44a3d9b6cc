// Finds the word of a command line that is no command, and the command that was probably meant.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace latchkey::command {

/// A sentence that says so; empty if every word that should be a command is one.
std::string suggestion_for(const CLI::App& app, int argc, char** argv);

}  // namespace latchkey::command
