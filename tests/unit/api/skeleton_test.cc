#include "api/skeleton.h"

#include <gtest/gtest.h>

namespace latchkey::api {
namespace {

TEST(Skeleton, FillsEachGapWithItsText) {
  const Skeleton skeleton("<" + Skeleton::mark_of(Gap::kName) + "|" + Skeleton::mark_of(Gap::kValue) +
                          Skeleton::mark_of(Gap::kName) + ">");
  GapTexts texts;
  texts.set(Gap::kName, "n");
  texts.set(Gap::kValue, "v");
  std::string page = "before ";
  skeleton.append_filled(page, texts);
  EXPECT_EQ(page, "before <n|vn>");
}

TEST(Skeleton, AGapWithoutATextIsEmpty) {
  const Skeleton skeleton(Skeleton::mark_of(Gap::kAccount));
  std::string page;
  skeleton.append_filled(page, {});
  EXPECT_EQ(page, "");
}

TEST(Skeleton, WhatHasAMeaningInHtmlIsEscapedAndNothingElse) {
  std::string html = "as it is: ";
  append_html_escaped(html, R"(<a href="x">'&amp;' zoë</a>)");
  EXPECT_EQ(html, "as it is: &lt;a href=&quot;x&quot;&gt;&apos;&amp;amp;&apos; zoë&lt;/a&gt;");
  std::string plain;
  append_html_escaped(plain, "");
  append_html_escaped(plain, "plain");
  EXPECT_EQ(plain, "plain");
}

}  // namespace
}  // namespace latchkey::api
