#include "api/pages.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <utility>

#include "api/body_fields.h"
#include "api/page_files.h"
#include "api/prepared_bodies.h"

namespace latchkey::api {
namespace {

constexpr FieldDescription kFields[] = {{.name = "a<b", .label = "A", .max_length = 9}};
constexpr OperationDescription kOperations[] = {
    {http::Method::kPost, "POST", "write", "Write", Access::kAnyone, kFields, kBodyTypes},
};
constexpr ResourceDescription kThing = {.name = "Things & <more>",
                                        .text = "One.\n\nTwo <b>.\n\n    {\n        \"x\": 1\n    }",
                                        .operations = kOperations};

class PagesTest : public ::testing::Test {
 protected:
  PagesTest() {
    settings_.node = "edge-1";
    settings_.version = "9.9";
  }

  std::string page(std::string_view path = "/things/", std::string_view query = {},
                   const Visitor& visitor = {}) {
    const std::string body = shown_json(R"({"detail":"</pre><script>"})");
    const ShownExchange shown{
        kThing, {{"Root", "/"}, {"Things & <more>", path}}, "GET", path, query, 200, {{"X-<Y>", "\"v\""}},
        body};
    Pages pages(settings_);
    pages.prepare(kThing);
    const http::ServerLines lines(settings_.node);
    std::string answer;
    http::ResponseWriter response(answer, {lines, BootTime{0}, true, 1, false});
    pages.exchange(shown, visitor, response.status(200), BootTime{0});
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }

  static void expect_has(const std::string& text, std::string_view part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
  }

 private:
  ApiSettings settings_;
};

TEST_F(PagesTest, EscapesEveryValue) {
  const std::string text = page("/things/<i>/", "q='\"<u>&", {"<user>", "c\"srf"});
  for (const char* const raw :
       {"<more>", "<b>", "<i>", "<u>", "<user>", "X-<Y>", "\"v\"", "</pre><script>", "a<b", "c\"srf"}) {
    EXPECT_EQ(text.find(raw), std::string::npos) << raw;
  }
  expect_has(text, "Things &amp; &lt;more&gt;");
  expect_has(text, "&lt;/pre&gt;&lt;script&gt;");
  expect_has(text, "content=\"c&quot;srf\"");
}

TEST_F(PagesTest, SetsIndentedTextAsItStandsAndTheRestAsParagraphs) {
  const std::string text = page();
  expect_has(text, "<p>One.</p>");
  expect_has(text, "<p>Two &lt;b&gt;.</p>");
  expect_has(text, "<pre><code>{\n    &quot;x&quot;: 1\n}</code></pre>");
}

TEST_F(PagesTest, ShowsRequestStatusAndIndentedBody) {
  const std::string text = page("/things/", "before=7");
  expect_has(text, "GET /things/?before=7");
  expect_has(text, "HTTP 200 OK");
  expect_has(text, "{\n    &quot;detail&quot;:");
  expect_has(text, "edge-1");
  EXPECT_EQ(text.find("9.9"), std::string::npos) << "the version is for those who are signed in";
  expect_has(page("/things/", {}, {"user", {}}), "9.9");
}

TEST_F(PagesTest, ItsLinksToAnotherFormatKeepTheOtherParameters) {
  const std::string text = page("/things/", "format=api&before=7&format");
  expect_has(text, "href=\"/things/?before=7&amp;format=json\"");
  expect_has(text, "href=\"/things/?before=7&amp;format=api\"");
  for (const auto& [query, kept] : {std::pair("&&a&&b='&", "a&amp;b=&apos;&amp;"),
                                    std::pair("a&format=api&b&format&&c", "a&amp;b&amp;c&amp;"),
                                    std::pair("formats=1&format", "formats=1&amp;"), std::pair("&", ""),
                                    std::pair("format=api&format=json", "")}) {
    expect_has(page("/things/", query), fmt::format("href=\"/things/?{}format=json\"", kept));
  }
}

TEST_F(PagesTest, GivesASampleOfEveryMediaType) {
  const std::string text = page();
  expect_has(text, "{&quot;a&lt;b&quot;: &quot;&quot;}");
  expect_has(text, "a&lt;b=");
  expect_has(text, "multipart/form-data; boundary=latchkey");
  expect_has(text, "--latchkey--");
}

TEST(PageFiles, HaveVersionsOfTheirOwn) {
  EXPECT_EQ(page_file("style.css").version.size(), 12U);
  EXPECT_NE(page_file("style.css").version, page_file("script.js").version);
  EXPECT_NE(page_file("resource.html").bytes.find("<!doctype html>"), std::string_view::npos);
  EXPECT_EQ(page_files().size(), 12U);
}

}  // namespace
}  // namespace latchkey::api
