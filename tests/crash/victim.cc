#include "crash/victim.h"

#include <charconv>
#include <stdexcept>
#include <utility>

namespace latchkey::test {

Victim::Victim(const std::filesystem::path& data, const ServerOptions& options,
               std::vector<std::string> environment)
    : data_(data), command_(server_command(data, options)) {
  command_.environment = std::move(environment);
}

void Victim::spawn() {
  // A test may have put files there.
  give_to_test_user(data_);
  child_ = std::make_unique<ChildProcess>(command_);
}

bool Victim::comes_up() {
  const std::optional<std::string> line = child_->wait_for_line("latchkeyd: listening on http://");
  if (!line) return false;
  const std::string_view digits = std::string_view(*line).substr(line->rfind(':') + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), port_);
  return true;
}

void Victim::start() {
  spawn();
  if (!comes_up()) throw std::runtime_error("latchkeyd does not listen; it said: " + child_->errors());
}

}  // namespace latchkey::test
