// LDIF (RFC 2849), as slapcat and ldapsearch write it: people with a uid and a userPassword.
#include <fmt/format.h>
#include <sodium.h>

#include <utility>

#include "latchkey/base/utf8.h"
#include "migration/lines.h"
#include "migration/readers.h"

namespace latchkey::migration {

namespace {

/// One entry, as far as it concerns a user.
struct Entry {
  std::size_t line = 0;
  std::string name;
  std::string common_name;
  std::string first_name;
  std::string last_name;
  std::string email;
  std::vector<std::string> passwords;
  bool is_empty = true;
  bool is_change = false;  ///< no record of an entry
  std::string fault;
};

std::optional<std::string> decoded(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const bool is_base64 =
      is_ascii(text) &&
      sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), " ", &size, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
      end == text.data() + text.size();
  if (!is_base64) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

/// The value behind the attribute's name: `: text`, `:: base64`, `:< url`.
std::optional<std::string> value_of(std::string_view written) {
  if (written.starts_with(':')) return decoded(trimmed(written.substr(1)));
  if (written.starts_with('<')) return std::nullopt;
  return std::string(trimmed(written));
}

/// Where a text of an entry goes, of which the first value counts; null for an attribute that is not read.
std::string* text_of(Entry& entry, std::string_view attribute) noexcept {
  if (attribute == "uid") return &entry.name;
  if (attribute == "cn") return &entry.common_name;
  if (attribute == "givenname") return &entry.first_name;
  if (attribute == "sn") return &entry.last_name;
  if (attribute == "mail") return &entry.email;
  return nullptr;
}

void take_attribute(Entry& entry, std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    entry.fault = "a line has no colon, as in attribute: value";
    return;
  }
  // Options such as `;lang-de` follow the name.
  const std::string attribute = lower_ascii(line.substr(0, std::min(colon, line.find(';'))));
  if (attribute == "version") return;
  entry.is_empty = false;
  entry.is_change =
      entry.is_change || (attribute == "changetype" && trimmed(line.substr(colon + 1)) != "add");
  std::string* const text = text_of(entry, attribute);
  if (text == nullptr && attribute != "userpassword") return;
  std::optional<std::string> value = value_of(line.substr(colon + 1));
  if (!value) {
    entry.fault = fmt::format("the value of {} is not base64, or stands elsewhere", attribute);
  } else if (text == nullptr) {
    entry.passwords.push_back(std::move(*value));
  } else if (text->empty()) {
    *text = std::move(*value);
  }
}

void finish(Entry entry, std::vector<ForeignUser>& users) {
  if (entry.is_empty || entry.is_change) return;
  const bool is_person = !entry.passwords.empty() || !entry.name.empty();
  if (!is_person) return;
  ForeignUser user;
  user.where = fmt::format("line {}", entry.line);
  user.name = entry.name.empty() ? entry.common_name : entry.name;
  if (!entry.first_name.empty()) user.first_name = std::move(entry.first_name);
  if (!entry.last_name.empty()) user.last_name = std::move(entry.last_name);
  if (!entry.email.empty()) user.email = std::move(entry.email);
  user.why_refused = std::move(entry.fault);
  if (entry.passwords.empty()) {
    user.active = false;
    user.note =
        "disabled: the entry has no userPassword; slapcat writes it, and ldapsearch for who may read it";
  } else {
    user.hash = std::move(entry.passwords.front());
  }
  if (entry.passwords.size() > 1 && user.why_refused.empty()) {
    user.why_refused = fmt::format("the entry has {} values of userPassword: leave the one that is to hold",
                                   entry.passwords.size());
  }
  users.push_back(std::move(user));
}

}  // namespace

Users read_ldif(std::string_view text, const ReadOptions& /*options*/) {
  std::vector<ForeignUser> users;
  Entry entry;
  std::string unfolded;
  std::size_t number = 0;
  bool is_comment = false;
  const auto end_line = [&] {
    if (!unfolded.empty() && !is_comment) take_attribute(entry, unfolded);
    unfolded.clear();
  };
  while (!text.empty() && has_room(users.size())) {
    const std::string_view line = take_line(text);
    ++number;
    // A line that begins with a blank continues the one before.
    if (line.starts_with(' ')) {
      unfolded += line.substr(1);
      continue;
    }
    end_line();
    is_comment = line.starts_with('#');
    if (line.empty()) {
      finish(std::exchange(entry, Entry{}), users);
      continue;
    }
    if (entry.is_empty) entry.line = number;
    unfolded = line;
  }
  end_line();
  finish(std::move(entry), users);
  return users;
}

}  // namespace latchkey::migration
