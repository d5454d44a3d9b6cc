// Stored password hashes, which anybody may have written into the database. A hash that passes the check can
// be verified, and an error reveals nothing of the hash. Only hashes that cost next to nothing are verified.
#include <algorithm>
#include <charconv>
#include <string>

#include "fuzz/property.h"
#include "latchkey/credential/hash_scheme.h"

namespace latchkey::fuzz {
namespace {

using namespace credential;

/// The number behind `name` in `text`; 0 if there is none.
std::uint64_t number_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + name.size());
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The value of a digit of crypt(5).
std::size_t digit(char c) {
  return std::string_view("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz").find(c);
}

/// Whether verifying a hash of this kind takes a few milliseconds at most.
bool is_cheap(std::string_view kind) {
  if (kind.starts_with("$argon2") || kind.starts_with("wrapped_"))
    return number_behind(kind, "m=") <= 256 && number_behind(kind, "t=") <= 2 &&
           number_behind(kind, "p=") <= 4;
  for (const std::string_view front :
       {"pbkdf2_sha256$", "pbkdf2_sha1$", "$pbkdf2$", "$pbkdf2-sha256$", "$pbkdf2-sha512$"}) {
    if (kind.starts_with(front)) return number_behind(kind, front) <= 1000;
  }
  if (kind.starts_with("$6$rounds=") || kind.starts_with("$5$rounds="))
    return number_behind(kind, "rounds=") <= 2000;
  if (kind.starts_with("$7$"))
    return digit(kind[3]) <= 8 && kind.substr(5, 4) == "...." && digit(kind[4]) <= 8 &&
           kind.substr(10, 4) == "....";
  if (kind.starts_with("$y$")) return digit(kind[4]) <= 8 && digit(kind[5]) <= 8;
  if (kind.starts_with("$gy$")) return digit(kind[5]) <= 8 && digit(kind[6]) <= 8;
  const std::size_t bcrypt = kind.find("$2");
  if (bcrypt != std::string_view::npos) return kind.substr(bcrypt + 4, 2) == "04";
  return kind == "$6$" || kind == "$5$";
}

void check_kind(std::string_view stored, std::string_view kind) {
  require(stored.size() <= kMaxStoredHashBytes, "a hash keeps its length");
  require(kind.data() == stored.data() && kind.size() <= stored.size(), "the kind stands at the front");
  require(!kind.empty() && kind.size() <= kMaxHashKindBytes, "a kind keeps its length");
  require(std::all_of(kind.begin(), kind.end(), [](char c) { return c > ' ' && c < '\x7f'; }),
          "a kind is ASCII");
  const auto prefixes = hash_prefixes();
  require(
      std::any_of(prefixes.begin(), prefixes.end(), [kind](auto prefix) { return kind.starts_with(prefix); }),
      "a kind begins with its scheme");
  require(check_stored_hash(stored).has_value(), "what has a kind passes the check");
}

/// An error goes into the log. It has one of three forms; one of them names the scheme, and none anything
/// else of the hash.
void check_error(const std::string& text) {
  constexpr std::size_t kMostBytes = 160;
  const std::string unread = "the stored password hash has a scheme that this Latchkey does not read (";
  const std::string bounds = "the stored password hash asks for more than the bounds of ";
  if (text == "the stored password hash is malformed") return;
  if (text.starts_with(bounds)) {
    require(text.size() < kMostBytes, "the bounds are all that an error tells");
    return;
  }
  require(text.starts_with(unread), "an error has a known form");
  const std::size_t end = text.find(')', unread.size());
  require(end != std::string::npos, "an error has a known form");
  const std::string name = text.substr(unread.size(), end - unread.size());
  require(name == "none that can be told" || (name.size() <= 32 && name.find('$') == std::string::npos),
          "a scheme's name is all that an error tells");
  const std::string behind = text.substr(end);
  static const std::string usual = hash_kind("").error().text;
  require(usual.ends_with(behind), "a scheme's name is all that an error tells");
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::fuzz;
  const std::string_view stored = text_of(data, size);
  const auto kind = hash_kind(stored);
  if (!kind) {
    check_error(kind.error().text);
    return 0;
  }
  check_kind(stored, *kind);
  if (!is_cheap(*kind)) return 0;
  const auto right = verify_password("password", stored);
  require(right.has_value(), "what passes the check can be verified");
  const auto wrong = verify_password("another", stored);
  require(wrong.has_value() && !(*right && *wrong), "of two passwords one is wrong");
  return 0;
}
