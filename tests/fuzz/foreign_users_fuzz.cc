// Other programs' files of users; the first byte chooses the program. Every user has a place, no name is
// taken twice, and no error shows what stands in the place of a password.
#include <set>
#include <string>

#include "fuzz/property.h"
#include "latchkey/migration/read_users.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::fuzz;
  using namespace latchkey::migration;
  constexpr Source kSources[] = {Source::kDjango, Source::kHtpasswd, Source::kShadow,  Source::kAuthelia,
                                 Source::kLdif,   Source::kKeycloak, Source::kLatchkey};
  std::string_view text = text_of(data, size);
  if (text.empty()) return 0;
  const Source source = kSources[static_cast<unsigned char>(text.front()) % std::size(kSources)];
  text.remove_prefix(1);
  const auto users = read_users(source, text, {.passwd = "a:x:1000:1:A B:/:/\n", .now = {1'000'000'000'000}});
  if (!users) {
    require(!users.error().text.empty(), "an error says something");
    return 0;
  }
  require(!users->empty() && users->size() <= kMaxUsers, "there are users, within the bound");
  std::set<std::string> taken;
  for (const ForeignUser& user : *users) {
    require(!user.where.empty(), "every user has a place");
    const bool is_taken = user.why_refused.empty() && user.why_skipped.empty();
    require(!is_taken || taken.insert(user.name).second, "no name is taken twice");
    require(!is_taken || user.hash.has_value() || user.active == false, "who has no password is disabled");
  }
  return 0;
}
