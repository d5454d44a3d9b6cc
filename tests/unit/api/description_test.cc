#include "api/description.h"

#include <gtest/gtest.h>

#include "api/body_fields.h"
#include "api/path_template.h"

namespace latchkey::api {
namespace {

constexpr FieldDescription kFields[] = {
    {.name = "name", .label = "Name", .max_length = 150},
    {.name = "secret", .label = "Secret", .min_length = 8, .max_length = 4096, .is_password = true},
};
constexpr OperationDescription kOperations[] = {
    {http::Method::kGet, "GET", "read", "Read", Access::kUser},
    {http::Method::kPost, "POST", "write", "Write", Access::kUser, kFields, kBodyTypes},
};
constexpr ResourceDescription kThing = {.name = "Thing",
                                        .text = "A \"thing\".\n\n    code",
                                        .added_in_version = "1.2",
                                        .operations = kOperations};
constexpr ResourceDescription kAny = {.name = "Any", .text = "Anything."};
constexpr ResourceDescription kFixed = {.name = "Fixed",
                                        .text = "One form.",
                                        .forms = Forms::kFixed,
                                        .operations = std::span(kOperations).first<1>(),
                                        .fixed_type = "text/css"};

TEST(Description, AllowNamesTheMethodsInTheirOrderWithHeadAndOptions) {
  EXPECT_EQ(allow_of(kThing), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(allow_of(kFixed), "GET, HEAD, OPTIONS");
  EXPECT_EQ(allow_of(kAny), "");
}

TEST(Description, OptionsTellsAllOfIt) {
  EXPECT_EQ(
      options_json_of(kThing),
      R"({"name":"Thing","description":"A \"thing\".\n\n    code","renders":["application/json","text/html"],)"
      R"("parses":["application/json","application/x-www-form-urlencoded","multipart/form-data"],)"
      R"("added_in_version":"1.2","actions":{"POST":{)"
      R"("name":{"type":"string","required":true,"label":"Name","max_length":150},)"
      R"("secret":{"type":"string","required":true,"label":"Secret","min_length":8,"max_length":4096}}}})");
}

TEST(Description, OptionsOfWhatReadsNoBodyHasNoActions) {
  EXPECT_EQ(options_json_of(kFixed),
            R"({"name":"Fixed","description":"One form.","renders":["text/css"],"parses":[]})");
}

TEST(Description, HeadIsGetAndWhatThereIsNotIsNot) {
  EXPECT_EQ(find_operation(kThing, http::Method::kHead), &kOperations[0]);
  EXPECT_EQ(find_operation(kThing, http::Method::kPost), &kOperations[1]);
  EXPECT_EQ(find_operation(kThing, http::Method::kDelete), nullptr);
  EXPECT_EQ(find_operation(kThing, http::Method::kOther), nullptr);
}

TEST(PathTemplate, WithoutANameMatchesItself) {
  constexpr PathTemplate path("/api/v2/me/");
  EXPECT_TRUE(path.matches("/api/v2/me/"));
  EXPECT_FALSE(path.matches("/api/v2/me"));
  EXPECT_FALSE(path.matches("/api/v2/me/x"));
  EXPECT_EQ(path.name(), "");
}

TEST(PathTemplate, ANameStandsForOneSegment) {
  constexpr PathTemplate path("/tokens/{id}/");
  EXPECT_TRUE(path.matches("/tokens/17/"));
  EXPECT_EQ(path.segment_of("/tokens/17/"), "17");
  EXPECT_EQ(path.name(), "id");
  for (const char* other :
       {"/tokens//", "/tokens/", "/tokens/17", "/tokens/1/7/", "/tokens/17//", "/tokens", "tokens/17/"}) {
    EXPECT_FALSE(path.matches(other)) << other;
  }
  constexpr PathTemplate last("/static/{name}");
  EXPECT_TRUE(last.matches("/static/a.css"));
  EXPECT_FALSE(last.matches("/static/"));
  EXPECT_FALSE(last.matches("/static/a/b"));
}

TEST(PathTemplate, AStarStandsForAllThatFollows) {
  constexpr PathTemplate path("/auth/verify/{path*}");
  EXPECT_EQ(path.name(), "path");
  EXPECT_TRUE(path.matches("/auth/verify/"));
  EXPECT_TRUE(path.matches("/auth/verify/a/b"));
  EXPECT_FALSE(path.matches("/auth/verify"));
}

}  // namespace
}  // namespace latchkey::api
