// Invalid JSON values, with the error for each and the byte where it is: inputs that parsers have been seen
// to accept or to crash on. The decoder's own test and the one over a socket share the list.
// Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace latchkey::test {

struct HostileJson {
  std::string value;
  std::string what;      ///< The error as C-17 words it, without the place.
  std::size_t byte = 0;  ///< The place within the value.
};

/// Each value fits into any field, wanted or not. The `}` of the object follows it.
inline std::vector<HostileJson> hostile_json_values() {
  const std::string word = "expected true, false or null";
  const std::string number = "malformed number";
  const std::string range = "number out of range";
  const std::string escape = "invalid escape";
  const std::string lone = "lone surrogate";
  const std::string utf8 = "invalid UTF-8";
  const std::string control = "control character within a string";
  const std::string value = "expected a value";
  return {
      {"tru", word, 0},
      {"truex", word, 0},
      {"fals", word, 0},
      {"nul", word, 0},
      {"nULL", word, 0},
      {"True", value, 0},
      {"undefined", value, 0},
      {"'a'", value, 0},
      {"", value, 0},
      {"[1,]", value, 3},
      {"[,1]", value, 1},
      {R"({"a":1,})", "expected a key in double quotes", 7},
      {R"({a:1})", "expected a key in double quotes", 1},
      {R"({1:1})", "expected a key in double quotes", 1},
      {R"({"a"})", "expected ':'", 4},
      {R"({"\q":1})", escape, 2},

      {"01e", number, 0},
      {"01", number, 0},
      {"-01", number, 0},
      {"1e", number, 0},
      {"1e+", number, 0},
      {"1.", number, 0},
      {"1.e1", number, 0},
      {"-", number, 0},
      {"-a", number, 0},
      {"-Infinity", number, 0},
      {"0x1", number, 0},
      {"1_0", number, 0},
      {"1a", number, 0},
      {"+1", value, 0},
      {".5", value, 0},
      {"NaN", value, 0},
      {"Infinity", value, 0},

      {"1e999", range, 0},
      {"-1e999", range, 0},
      {"1E+309", range, 0},
      {std::string(400, '9'), range, 0},
      {"-" + std::string(400, '9'), range, 0},
      {std::string(400, '9') + ".5", range, 0},
      {"1e99999999999999999999", range, 0},
      {"18446744073709551616", range, 0},
      {"-9223372036854775809", range, 0},

      {R"("\q")", escape, 1},
      {R"("ab\x41")", escape, 3},
      {R"("\u12")", escape, 1},
      {R"("\u12g4")", escape, 1},
      {R"("\U0041")", escape, 1},
      {R"("\ud83d\u12")", lone, 1},

      {R"("\ud800")", lone, 1},
      {R"("a\udbff")", lone, 2},
      {R"("\udc00")", lone, 1},
      {R"("\udfff\ud800")", lone, 1},
      {R"("\ud800\ud800")", lone, 1},
      {R"("\ud800\u0041")", lone, 1},
      {R"("\ud800\n")", lone, 1},
      {R"("\ud800x")", lone, 1},
      {R"("\udbff\ue000")", lone, 1},

      {"\"\x80\"", utf8, 1},
      {"\"a\xbf\"", utf8, 2},
      // Overlong: the shortest forms are '/', DEL, U+07FF and U+FFFF.
      {"\"\xc0\xaf\"", utf8, 1},
      {"\"\xc1\xbf\"", utf8, 1},
      {"\"\xe0\x80\xaf\"", utf8, 1},
      {"\"\xe0\x9f\xbf\"", utf8, 1},
      {"\"\xf0\x80\x80\xaf\"", utf8, 1},
      {"\"\xf0\x8f\xbf\xbf\"", utf8, 1},
      {"\"\xc0\x80\"", utf8, 1},
      // Surrogates.
      {"\"\xed\xa0\x80\"", utf8, 1},
      {"\"\xed\xbf\xbf\"", utf8, 1},
      {"\"\xed\xa0\xbd\xed\xb8\x80\"", utf8, 1},
      // Beyond U+10FFFF.
      {"\"\xf4\x90\x80\x80\"", utf8, 1},
      {"\"\xf5\x80\x80\x80\"", utf8, 1},
      {"\"\xf8\x88\x80\x80\x80\"", utf8, 1},
      {"\"\xfe\"", utf8, 1},
      {"\"\xff\"", utf8, 1},
      // Cut.
      {"\"\xc3\"", utf8, 1},
      {"\"\xe2\x82\"", utf8, 1},
      {"\"\xf0\x9f\x98\"", utf8, 1},
      {"\"\xf0\x9f\x98x\"", utf8, 1},
      {"\"\xc3\xc3\xbc\"", utf8, 1},
      // Outside of a string, only ASCII is allowed.
      {"\xc3\xbc", value, 0},
      {"\xef\xbb\xbf\"a\"", value, 0},
      {"\xc2\xa0"
       "1",
       value, 0},

      {std::string("\"a\0b\"", 5), control, 2},
      {"\"a\nb\"", control, 2},
      {"\"\x1f\"", control, 1},
      {"1/**/", number, 0},
      {"/**/1", value, 0},
  };
}

}  // namespace latchkey::test
