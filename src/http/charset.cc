#include "latchkey/http/charset.h"

#include <algorithm>
#include <array>

#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

constexpr std::array<std::string_view, 6> kUtf8Names = {"utf-8",         "utf8",          "unicode-1-1-utf-8",
                                                        "unicode11utf8", "unicode20utf8", "x-unicode20utf8"};

// The names of the families below differ only in their number.
constexpr std::array<std::string_view, 66> kNames = {
    "ascii",
    "us-ascii",
    "ansi_x3.4-1968",
    "ansi_x3.4-1986",
    "iso646-us",
    "iso-ir-6",
    "iso_646.irv:1991",
    "cp367",
    "ibm367",
    "us",
    "csascii",
    "latin1",
    "latin2",
    "latin3",
    "latin4",
    "latin5",
    "latin6",
    "latin-9",
    "l1",
    "l2",
    "l3",
    "l4",
    "l5",
    "l6",
    "l9",
    "cp819",
    "ibm819",
    "csisolatin1",
    "csisolatin2",
    "csisolatin3",
    "csisolatin4",
    "csisolatin5",
    "csisolatin6",
    "csisolatin9",
    "iso-8859-8-i",
    "iso-8859-6-i",
    "iso-8859-6-e",
    "iso-8859-8-e",
    "arabic",
    "cyrillic",
    "greek",
    "hebrew",
    "koi8-r",
    "koi8_r",
    "koi8",
    "koi",
    "cskoi8r",
    "koi8-u",
    "koi8-ru",
    "ibm866",
    "cp866",
    "866",
    "macintosh",
    "mac",
    "x-mac-roman",
    "x-mac-cyrillic",
    "windows-874",
    "dos-874",
    "tis-620",
    "gbk",
    "gb2312",
    "gb18030",
    "big5",
    "euc-jp",
    "euc-kr",
    "windows-949",
};

struct Family {
  std::string_view prefix;
  int first;
  int last;
};
constexpr std::array<Family, 7> kFamilies = {{
    {"iso-8859-", 1, 16},
    {"iso8859-", 1, 16},
    {"iso_8859-", 1, 16},
    {"iso8859", 1, 16},
    {"windows-", 1250, 1258},
    {"cp", 1250, 1258},
    {"x-cp", 1250, 1258},
}};

/// Reads a number of up to four digits without leading zeros; -1 for any other text.
int small_number(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > 4 || !all_are(kDigitCharacter, digits)) return -1;
  if (digits.size() > 1 && digits.front() == '0') return -1;
  int number = 0;
  for (const char digit : digits) number = 10 * number + (digit - '0');
  return number;
}

bool is_of(const Family& family, std::string_view name) noexcept {
  if (name.size() <= family.prefix.size()) return false;
  if (!equals_ignoring_case(name.substr(0, family.prefix.size()), family.prefix)) return false;
  const int number = small_number(name.substr(family.prefix.size()));
  // There is no part 12: it was abandoned.
  return number >= family.first && number <= family.last && number != 12;
}

template <class Names>
bool is_among(const Names& names, std::string_view name) noexcept {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view one) { return equals_ignoring_case(one, name); });
}

}  // namespace

Charset charset_named(std::string_view name) noexcept {
  if (is_among(kUtf8Names, name)) return Charset::kUtf8;
  const bool is_known =
      is_among(kNames, name) || std::any_of(kFamilies.begin(), kFamilies.end(),
                                            [name](const Family& family) { return is_of(family, name); });
  return is_known ? Charset::kAsciiSuperset : Charset::kOther;
}

}  // namespace latchkey::http
