#include "migration/csv.h"

#include <gtest/gtest.h>

namespace latchkey::migration {
namespace {

using Fields = std::vector<std::string>;

TEST(Csv, CutsRowsAndFieldsWhereTheyEnd) {
  const auto rows = read_csv("a,b\r\n\"c, \"\"d\"\"\r\ne\",\n\n,f");
  ASSERT_TRUE(rows.has_value()) << rows.error().text;
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ((*rows)[0].fields, (Fields{"a", "b"}));
  EXPECT_EQ((*rows)[1].fields, (Fields{"c, \"d\"\r\ne", ""}));
  EXPECT_EQ((*rows)[1].line, 2U);
  EXPECT_EQ((*rows)[2].fields, (Fields{"", "f"}));
  EXPECT_EQ((*rows)[2].line, 5U);
}

TEST(Csv, NamesTheLineOfAQuoteThatIsNotClosed) {
  EXPECT_NE(read_csv("a\n\"b\nc").error().text.find("line 2"), std::string::npos);
  EXPECT_NE(read_csv("\"a\"b").error().text.find("behind a closing quote"), std::string::npos);
  EXPECT_TRUE(read_csv("")->empty());
}

}  // namespace
}  // namespace latchkey::migration
