#include "migration/csv.h"

#include <gtest/gtest.h>

namespace latchkey::migration {
namespace {

using Fields = std::vector<std::string>;
constexpr std::size_t kEnough = 100;

TEST(Csv, CutsRowsAndFieldsWhereTheyEnd) {
  const auto rows = read_csv("a,b\r\n\"c, \"\"d\"\"\r\ne\",\n\n,f", kEnough);
  ASSERT_TRUE(rows.has_value()) << rows.error().text;
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ((*rows)[0].fields, (Fields{"a", "b"}));
  EXPECT_EQ((*rows)[1].fields, (Fields{"c, \"d\"\r\ne", ""}));
  EXPECT_EQ((*rows)[1].line, 2U);
  EXPECT_EQ((*rows)[2].fields, (Fields{"", "f"}));
  EXPECT_EQ((*rows)[2].line, 5U);
}

TEST(Csv, NamesTheLineOfAQuoteThatIsNotClosed) {
  EXPECT_NE(read_csv("a\n\"b\nc", kEnough).error().text.find("line 2"), std::string::npos);
  EXPECT_NE(read_csv("\"a\"b", kEnough).error().text.find("behind a closing quote"), std::string::npos);
  EXPECT_TRUE(read_csv("", kEnough)->empty());
}

TEST(Csv, ReadsNoMoreRowsThanItIsAskedFor) { EXPECT_EQ(read_csv("a\nb\nc\n", 2)->size(), 2U); }

TEST(Csv, RefusesARowOfMoreFieldsThanAnyFileHas) {
  EXPECT_EQ(read_csv(std::string(kMaxFields - 1, ','), kEnough)->front().fields.size(), kMaxFields);
  EXPECT_NE(read_csv("a\n" + std::string(kMaxFields, ','), kEnough).error().text.find("line 2"),
            std::string::npos);
}

}  // namespace
}  // namespace latchkey::migration
