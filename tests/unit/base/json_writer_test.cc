#include "latchkey/base/json_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace latchkey {
namespace {

TEST(JsonWriter, PutsACommaBetweenMembersAndElementsAndNowhereElse) {
  JsonWriter json;
  json.begin_object();
  json.member("a", "x");
  json.begin_array("b");
  json.element(1);
  json.element("two");
  json.begin_object();
  json.end();
  json.begin_array();
  json.end();
  json.raw_element("[{}]");
  json.end();
  json.begin_object("c");
  json.member("d", nullptr);
  json.raw_member("e", "[]");
  json.end();
  json.member("f", true);
  json.end();
  EXPECT_EQ(json.take(), R"({"a":"x","b":[1,"two",{},[],[{}]],"c":{"d":null,"e":[]},"f":true})");
}

TEST(JsonWriter, WritesNumbersOfEveryWidthWhole) {
  JsonWriter json;
  json.begin_array();
  json.element(std::numeric_limits<std::int64_t>::min());
  json.element(std::numeric_limits<std::uint64_t>::max());
  json.element(std::uint8_t{65});
  json.element(std::size_t{0});
  json.element(false);
  json.end();
  EXPECT_EQ(json.take(), "[-9223372036854775808,18446744073709551615,65,0,false]");
}

// A text that ends in a bracket is not an open array.
TEST(JsonWriter, EscapesNamesAndTexts) {
  JsonWriter json;
  json.begin_object();
  json.member("a\"{", "[");
  json.member("b", std::string("\n{"));
  json.end();
  EXPECT_EQ(json.take(), R"({"a\"{":"[","b":"\n{"})");
}

TEST(JsonWriter, ADocumentMayBeOneValue) {
  JsonWriter json;
  json.element("alone");
  EXPECT_EQ(json.take(), R"("alone")");
}

TEST(JsonWriterDeathTest, RefusesWhatIsNoDocument) {
  EXPECT_DEATH(
      {
        JsonWriter json;
        json.begin_array();
        json.member("a", 1);
      },
      "");
  EXPECT_DEATH(
      {
        JsonWriter json;
        json.begin_object();
        json.element(1);
      },
      "");
  EXPECT_DEATH(
      {
        JsonWriter json;
        json.begin_object();
        json.take();
      },
      "");
}

}  // namespace
}  // namespace latchkey
