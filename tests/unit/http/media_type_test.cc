#include "latchkey/http/media_type.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey::http {
namespace {

TEST(MediaType, ReadsTypeAndParameters) {
  const std::optional<MediaType> type =
      MediaType::parse(" Multipart/Form-Data ; Boundary=\"a \\\"b\\\\\" ;charset=UTF-8; ;");
  ASSERT_TRUE(type);
  EXPECT_TRUE(type->is("multipart", "form-data"));
  EXPECT_FALSE(type->is("multipart", "form"));
  ASSERT_NE(type->parameters.find("boundary"), nullptr);
  EXPECT_EQ(type->parameters.find("boundary")->text(), "a \"b\\");
  EXPECT_EQ(type->parameters.find("CHARSET")->value, "UTF-8");
  EXPECT_EQ(type->parameters.find("q"), nullptr);
}

TEST(MediaType, NeedsNoParameters) {
  EXPECT_TRUE(MediaType::parse("application/json")->is("Application", "JSON"));
}

TEST(MediaType, RefusesWhatIsMalformed) {
  for (const char* text :
       {"", "json", "application/", "/json", "application / json", "application/json x",
        "application/json,text/html", "a/b;c", "a/b;c=", "a/b;=d", "a/b;c =d", "a/b;c= d", "a/b;c=\"d",
        "a/b;c=\"d\\", "a/b;c=\"d\"e", "a/b;c=d;C=e", "a/b;c=\"\x01\"", "a/b/c", "a/b;c=d e"}) {
    EXPECT_FALSE(MediaType::parse(text)) << text;
  }
}

TEST(MediaType, ParametersAreBounded) {
  std::string text = "a/b";
  for (std::size_t i = 0; i < kMaxParameters; ++i) text += ";p" + std::to_string(i) + "=x";
  EXPECT_TRUE(MediaType::parse(text));
  EXPECT_FALSE(MediaType::parse(text + ";q=x"));
}

}  // namespace
}  // namespace latchkey::http
