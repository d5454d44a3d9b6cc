// The scanner by itself; the places it names are in json_fields_test.cc, where clients read them.
#include "latchkey/http/json_error.h"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace latchkey::http
