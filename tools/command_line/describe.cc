#include "command_line/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <string_view>

namespace latchkey::command_line {

namespace {

/// A choice is declared by CLI::IsMember, which lists it between braces behind the type: `FORMAT:{a,b}`.
std::vector<Candidate> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t begin = type.find('{');
  const std::size_t end = type.rfind('}');
  std::vector<Candidate> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::string_view rest = std::string_view(type).substr(begin + 1, end - begin - 1);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    choices.push_back({std::string(rest.substr(0, comma)), {}});
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return choices;
}

/// The type's name without what validators add to it.
std::string type_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.substr(0, type.find_first_of(": ["));
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) {
    return option->nonpositional() && !option->get_group().empty() && !option->get_description().empty();
  });
}

/// The options without --help, which every command has.
std::vector<const CLI::Option*> own_options_of(const CLI::App& app) {
  std::vector<const CLI::Option*> options = options_of(app);
  std::erase(options, app.get_help_ptr());
  return options;
}

std::vector<const CLI::Option*> positionals_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

class Completion {
 public:
  Completion(const CLI::App& app, const ValueWords& values) : app_(&app), values_(values) {}

  void pass(const std::string& word) {
    if (pending_ != nullptr) {
      // bash takes `--data=DIR` apart.
      if (word != "=") pending_ = nullptr;
    } else if (!only_arguments_ && word == "--") {
      only_arguments_ = true;
    } else if (!only_arguments_ && word.size() > 1 && word.front() == '-') {
      const CLI::Option* const option = find(word.substr(0, word.find('=')));
      if (option != nullptr && takes_value(*option) && word.find('=') == std::string::npos) pending_ = option;
    } else if (const CLI::App* const command = argument_ == 0 ? command_of(word) : nullptr) {
      app_ = command;
    } else {
      ++argument_;
    }
  }

  std::string offer(const std::string& begun) {
    const std::size_t equals = begun.find('=');
    if (pending_ != nullptr) {
      begun_ = begun == "=" ? "" : begun;
      offer_values(*pending_, "");
    } else if (!only_arguments_ && begun.starts_with("--") && equals != std::string::npos) {
      const CLI::Option* const option = find(begun.substr(0, equals));
      begun_ = begun;
      if (option != nullptr) offer_values(*option, begun.substr(0, equals + 1));
    } else {
      begun_ = begun;
      if (!only_arguments_ && begun.starts_with('-')) {
        offer_options();
      } else {
        offer_arguments();
      }
    }
    return std::move(text_);
  }

 private:
  const CLI::Option* find(const std::string& name) const { return app_->get_option_no_throw(name); }

  const CLI::App* command_of(const std::string& word) const {
    for (const CLI::App* const command : commands_of(*app_)) {
      if (command->get_name() == word) return command;
    }
    return nullptr;
  }

  void add(const std::string& word, const std::string& about) {
    if (word.starts_with(begun_)) text_ += fmt::format("{}\t{}\n", word, about);
  }

  void offer_options() {
    for (const CLI::Option* const option : options_of(*app_)) {
      for (const std::string& name : option->get_lnames()) add("--" + name, option->get_description());
      if (!option->get_lnames().empty()) continue;
      for (const std::string& name : option->get_snames()) add("-" + name, option->get_description());
    }
  }

  void offer_arguments() {
    if (argument_ == 0) {
      for (const CLI::App* const command : commands_of(*app_))
        add(command->get_name(), command->get_description());
    }
    const std::vector<const CLI::Option*> positionals = positionals_of(*app_);
    if (positionals.empty()) return;
    const std::size_t last = positionals.size() - 1;
    if (argument_ > last && positionals[last]->get_items_expected_max() <= 1) return;
    offer_values(*positionals[std::min(argument_, last)], "");
  }

  void offer_values(const CLI::Option& option, const std::string& before) {
    for (const Candidate& choice : choices_of(option)) add(before + choice.word, choice.about);
    if (values_) {
      for (const Candidate& value : values_(option)) add(before + value.word, value.about);
    }
    const std::string type = type_of(option);
    if (type == "FILE" || type == "PATH") text_ += ":files\n";
    if (type == "DIR") text_ += ":directories\n";
  }

  const CLI::App* app_;
  const ValueWords& values_;
  const CLI::Option* pending_ = nullptr;
  std::size_t argument_ = 0;
  bool only_arguments_ = false;
  std::string begun_;
  std::string text_;
};

/// Text in which scdoc finds no markup.
std::string plain(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += ' ';
      continue;
    }
    if (std::string_view("\\*_[]#~`|").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string sentence(std::string text) {
  if (!text.empty() && text.back() != '.') text += '.';
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

std::string option_text(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames())
    names += fmt::format("{}*-{}*", names.empty() ? "" : ", ", plain(name));
  for (const std::string& name : option.get_lnames())
    names += fmt::format("{}*--{}*", names.empty() ? "" : ", ", plain(name));
  if (takes_value(option)) names += fmt::format(" _{}_", plain(type_of(option)));
  std::string about = plain(sentence(option.get_description()));
  std::string choices;
  for (const Candidate& choice : choices_of(option))
    choices += fmt::format("{}{}", choices.empty() ? "" : ", ", plain(choice.word));
  if (!choices.empty()) about += fmt::format(" One of {}.", choices);
  if (!option.get_default_str().empty())
    about += fmt::format(" Default: {}.", plain(option.get_default_str()));
  if (!option.get_envname().empty()) about += fmt::format(" Also by ${}.", plain(option.get_envname()));
  return fmt::format("{}\n\t{}\n\n", names, about);
}

std::string options_text(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* const option : options_of(app)) text += option_text(*option);
  return text;
}

void append_commands(const CLI::App& app, const std::string& before, std::string& text) {
  for (const CLI::App* const command : commands_of(app)) {
    const std::string name = before.empty() ? command->get_name() : before + " " + command->get_name();
    const std::vector<const CLI::App*> below = commands_of(*command);
    if (below.empty()) {
      std::string arguments;
      for (const CLI::Option* const argument : positionals_of(*command)) {
        const bool repeated = argument->get_items_expected_max() > 1;
        arguments += fmt::format(" _{}_{}", plain(argument->get_name(true)), repeated ? "..." : "");
      }
      text += fmt::format("*{}*{}\n\t{}\n\n", plain(name), arguments,
                          plain(sentence(command->get_description())));
      for (const CLI::Option* const option : own_options_of(*command)) {
        std::string indented = option_text(*option);
        indented.pop_back();
        // One step further in: the name and, beneath it, what it does.
        const std::size_t line = indented.find('\n');
        text += fmt::format("\t{}\n\t{}\n", indented.substr(0, line), indented.substr(line + 1));
      }
    }
    append_commands(*command, name, text);
  }
}

}  // namespace

std::string complete(const CLI::App& app, std::span<const std::string> words, const ValueWords& values) {
  Completion completion(app, values);
  if (words.empty()) return completion.offer("");
  for (const std::string& word : words.first(words.size() - 1)) completion.pass(word);
  return completion.offer(words.back());
}

std::string manual(const CLI::App& app) {
  std::string text = options_text(app);
  std::string commands;
  append_commands(app, "", commands);
  if (!commands.empty()) text += "# COMMANDS\n\n" + commands;
  return text;
}

bool answer(const CLI::App& app, int argument_count, const char* const* arguments, std::ostream& output,
            const ValueWords& values) {
  const std::span<const char* const> given(arguments, static_cast<std::size_t>(argument_count));
  if (given.size() < 2) return false;
  const std::string_view asked = given[1];
  if (asked == "__complete") {
    const std::vector<std::string> words(given.begin() + 2, given.end());
    output << complete(app, words, values);
  } else if (asked == "__manual") {
    output << manual(app);
  } else {
    return false;
  }
  return true;
}

}  // namespace latchkey::command_line
