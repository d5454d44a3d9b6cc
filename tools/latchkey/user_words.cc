#include "user_words.h"

#include <simdjson.h>

#include <string>
#include <string_view>

#include "admin_client.h"
#include "latchkey/base/printable.h"

namespace latchkey::command {

std::vector<command_line::Candidate> user_words(const BackendOptions& options) {
  std::vector<command_line::Candidate> words;
  const AdminSocket socket = admin_socket_of(options);
  if (!probe_server(socket)) return words;
  const Result<api::AdminReply> reply = ask_server(socket, {"GET", "/users", SecretText()});
  if (!reply || reply->status != 200) return words;
  simdjson::dom::parser parser;
  simdjson::dom::array users;
  if (parser.parse(reply->json)["users"].get_array().get(users) != simdjson::SUCCESS) return words;
  for (const simdjson::dom::element user : users) {
    std::string_view name;
    // A name that a terminal would show differently is not offered: its escaped form is not its name.
    if (user["name"].get_string().get(name) == simdjson::SUCCESS && printable(name) == name)
      words.push_back({std::string(name), {}});
  }
  return words;
}

}  // namespace latchkey::command
