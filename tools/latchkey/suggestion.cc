#include "suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "latchkey/base/edit_distance.h"
#include "latchkey/base/printable.h"

namespace latchkey::command {

namespace {

/// The command of this name, or null.
const CLI::App* command_named(const CLI::App& parent, std::string_view word) {
  for (const CLI::App* const command : parent.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == word) return command;
  }
  return nullptr;
}

/// The nearest name within two slips, but no more than half of the word; empty if there is none.
std::string nearest(const CLI::App& parent, std::string_view word) {
  constexpr std::size_t kMostSlips = 2;
  std::size_t least = std::min(kMostSlips, word.size() / 2) + 1;
  std::string name;
  for (const CLI::App* const command : parent.get_subcommands([](const CLI::App*) { return true; })) {
    const std::size_t slips = edit_distance(word, command->get_name());
    if (slips >= least) continue;
    least = slips;
    name = command->get_name();
  }
  return name;
}

bool takes_value(const CLI::App& app, std::string_view word) {
  const CLI::Option* const option = app.get_option_no_throw(std::string(word));
  return option != nullptr && option->get_items_expected_max() > 0;
}

}  // namespace

std::string suggestion_for(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  std::string way(app.get_name());
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with('-')) {
      if (takes_value(*at, word)) ++i;
      continue;
    }
    if (at->get_subcommands([](const CLI::App*) { return true; }).empty()) return {};
    if (const CLI::App* const command = command_named(*at, word)) {
      at = command;
      way += fmt::format(" {}", word);
      continue;
    }
    const std::string meant = nearest(*at, word);
    return meant.empty()
               ? fmt::format("there is no command '{}'; see `{} --help`", printable(word), way)
               : fmt::format("there is no command '{}': is `{} {}` meant?", printable(word), way, meant);
  }
  return {};
}

}  // namespace latchkey::command
