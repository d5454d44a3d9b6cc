#include "tokens.h"

#include <fmt/format.h>

#include <cstdint>

#include "latchkey/base/percent.h"
#include "latchkey/base/printable.h"
#include "output.h"

namespace latchkey::command {

namespace {

constexpr std::size_t kMaxPages = 1'000'000;

int list_all_tokens(const Arguments& arguments) {
  Result<std::unique_ptr<Backend>> backend = backend_for(arguments);
  if (!backend) return refuse(backend.error().text);
  const Result<std::vector<std::string>> tokens = ask_for_pages(**backend, "/tokens", "tokens");
  if (!tokens) return refuse(tokens.error().text);
  fmt::print("{}", arguments.json ? fmt::format("{{\"tokens\":[{}]}}\n", fmt::join(*tokens, ","))
                                  : all_tokens_table(*tokens));
  return kExitDone;
}

int revoke_all_tokens(const Arguments& arguments) {
  Result<std::unique_ptr<Backend>> backend = backend_for(arguments);
  if (!backend) return refuse(backend.error().text);
  std::string after;
  std::uint64_t ended = 0;
  std::uint64_t users = 0;
  for (std::size_t pages = 0; pages < kMaxPages; ++pages) {
    const Result<std::string> json = ask(**backend, {"DELETE", "/tokens?after=" + after, SecretText()});
    if (!json) return refuse(json.error().text);
    ended += number_member(*json, "ended_tokens");
    users += number_member(*json, "users");
    after = read_page(*json, "").next;
    if (after.empty()) break;
  }
  fmt::print("{}", arguments.json ? fmt::format("{{\"users\":{},\"ended_tokens\":{}}}\n", users, ended)
                                  : fmt::format("logged all users out {}; {} {} of {} {} ended\n",
                                                (*backend)->place(), ended, ended == 1 ? "token" : "tokens",
                                                users, users == 1 ? "user" : "users"));
  return kExitDone;
}

}  // namespace

int list_tokens(const Arguments& arguments) {
  if (arguments.user.empty()) return list_all_tokens(arguments);
  return act(arguments, {"GET", "/tokens/" + percent_encode_component(arguments.user), SecretText()},
             [](std::string_view json, const std::string&) { return tokens_table(json); });
}

int revoke_tokens(const Arguments& arguments) {
  if (arguments.user.empty() != arguments.all) {
    refuse("name the user whose tokens are to end, or give --all to end those of all users");
    return kExitUsage;
  }
  if (arguments.all) return revoke_all_tokens(arguments);
  return act(arguments, {"DELETE", "/tokens/" + percent_encode_component(arguments.user), SecretText()},
             [&](std::string_view json, const std::string& place) {
               return fmt::format("logged {} out {}{}\n", printable(arguments.user), place, ended_text(json));
             });
}

}  // namespace latchkey::command
