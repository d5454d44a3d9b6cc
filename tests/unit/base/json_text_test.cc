#include "latchkey/base/json_text.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "[";
  append_json_string(out, text);
  return out;
}

TEST(JsonText, EscapesWhatJsonMustAndLeavesTheRest) {
  EXPECT_EQ(quoted(""), "[\"\"");
  EXPECT_EQ(quoted("plain / text"), "[\"plain / text\"");
  EXPECT_EQ(quoted("a\"b\\c"), "[\"a\\\"b\\\\c\"");
  EXPECT_EQ(quoted("\b\f\n\r\t"), "[\"\\b\\f\\n\\r\\t\"");
  EXPECT_EQ(quoted(std::string_view("\0\x1f\x7f", 3)), "[\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(quoted("\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91"), "[\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91\"");
}

TEST(JsonText, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(quoted("a\xff\xc3z"), "[\"a\xef\xbf\xbd\xef\xbf\xbdz\"");
}

TEST(IndentJson, PutsEachMemberAndElementOnALineOfItsOwn) {
  EXPECT_EQ(indent_json(R"({"detail":"Not found.","list":[1,{"a":true}]})", 4),
            "{\n"
            "    \"detail\": \"Not found.\",\n"
            "    \"list\": [\n"
            "        1,\n"
            "        {\n"
            "            \"a\": true\n"
            "        }\n"
            "    ]\n"
            "}");
}

TEST(IndentJson, LeavesEmptyContainersAndScalarsAsTheyAre) {
  EXPECT_EQ(indent_json("{}", 4), "{}");
  EXPECT_EQ(indent_json(R"({"a":[],"b":{}})", 1), "{\n \"a\": [],\n \"b\": {}\n}");
  EXPECT_EQ(indent_json("null", 4), "null");
}

TEST(IndentJson, LeavesStringsAsTheyAre) {
  EXPECT_EQ(indent_json(R"(["{,:}","\"[","\\"])", 2), "[\n  \"{,:}\",\n  \"\\\"[\",\n  \"\\\\\"\n]");
}

TEST(VisibleJson, EscapesWhatIsNotSeenAndStaysTheSameDocument) {
  EXPECT_EQ(visible_json("{\"a\": \"\u202eb\u200b\u0085\x7f\"}"), R"({"a": "\u202eb\u200b\u0085\u007f"})");
  EXPECT_EQ(visible_json("[\"\U000e0041\"]"), R"(["\udb40\udc41"])");
  EXPECT_EQ(visible_json("{\n  \"é\": \"日本 \\\" \\u0041\"\n}"), "{\n  \"é\": \"日本 \\\" \\u0041\"\n}");
}

}  // namespace
}  // namespace latchkey
