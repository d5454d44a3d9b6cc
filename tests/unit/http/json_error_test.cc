// The scanner alone. json_fields_test.cc tests the places that it names, where clients read them.
#include "http/json_error.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace latchkey::http {
namespace {

TEST(JsonError, ValidDocumentsHaveNone) {
  for (const char* document :
       {"{}", "[]", " null\n", "\"\"", "[1,-2.5E+3,true,false,null,\"\\u00e9\",{\"a\":[]}]", "-0"}) {
    EXPECT_FALSE(json_error_position(document)) << document;
  }
}

TEST(JsonError, NumberTooSmallIsZeroAndNumberTooLargeAnError) {
  for (const char* number :
       {"1e-400", "-1e-400", "0e999999999999999999999", "0.0e400", "0.01e-9223372036854775808",
        "1e-999999999999999999999", "0.0000000001e310", "123456e-500"}) {
    EXPECT_FALSE(json_error_position(number)) << number;
  }
  for (const char* number : {"1e400", "-1E+400", "0.0000000001e330", "1e999999999999999999999", "123456e305",
                             "19e9223372036854775807"}) {
    const std::optional<JsonError> error = json_error_position(number);
    ASSERT_TRUE(error) << number;
    EXPECT_STREQ(error->what, "number out of range");
    EXPECT_EQ(error->byte, 0U);
  }
  EXPECT_TRUE(json_error_position("1" + std::string(400, '0') + ".5"));
  EXPECT_FALSE(json_error_position("0." + std::string(400, '0') + "5"));
}

TEST(JsonError, ALongListOfShortNumbersIsReadAsAnyOther) {
  std::string numbers;
  for (int i = 0; i < 1000; ++i) numbers += "1,-2.5,0 ,";
  EXPECT_FALSE(json_error_position("[" + numbers + "0]"));
  EXPECT_FALSE(json_error_position(R"({"a":[)" + numbers + "[" + numbers + R"({"b":1}],0]})"));
  for (const auto& [end, what] :
       {std::pair("]", "expected a value"), std::pair("", "unexpected end"),
        std::pair("01]", "malformed number"), std::pair("1", "unexpected end"),
        std::pair("1}", "expected ',' or ']'"), std::pair("1.,1]", "malformed number"),
        std::pair("1x", "malformed number"), std::pair(",1]", "expected a value")}) {
    const std::optional<JsonError> error = json_error_position("[" + numbers + end);
    ASSERT_TRUE(error) << end;
    EXPECT_STREQ(error->what, what) << end;
  }
  const std::optional<JsonError> in_object = json_error_position(R"({"a":1,2,3})");
  ASSERT_TRUE(in_object);
  EXPECT_EQ(in_object->byte, 7U);
}

}  // namespace
}  // namespace latchkey::http
