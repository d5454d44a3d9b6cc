// Apache's htpasswd: name:hash.
#include <fmt/format.h>

#include "migration/lines.h"
#include "migration/readers.h"

namespace latchkey::migration {

Users read_htpasswd(std::string_view text, const ReadOptions& /*options*/) {
  std::vector<ForeignUser> users;
  for (std::size_t number = 1; !text.empty() && has_room(users.size()); ++number) {
    const std::string_view line = take_line(text);
    const std::string_view seen = trimmed(line);
    if (seen.empty() || seen.starts_with('#')) continue;
    ForeignUser user;
    user.where = fmt::format("line {}", number);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      user.why_refused = "the line has no colon, as in name:hash";
      users.push_back(std::move(user));
      continue;
    }
    user.name = line.substr(0, colon);
    const std::string_view rest = line.substr(colon + 1);
    // Some write more fields, as in passwd.
    const std::string_view hash = trimmed(rest.substr(0, rest.find(':')));
    if (hash.empty()) {
      user.why_refused = "the hash is empty, which would be a login without a password";
    } else {
      user.hash = hash;
    }
    users.push_back(std::move(user));
  }
  return users;
}

}  // namespace latchkey::migration
