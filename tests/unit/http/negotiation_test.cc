#include "latchkey/http/negotiation.h"

#include <gtest/gtest.h>

#include <string>

#include "latchkey/http/request_parser.h"

namespace latchkey::http {
namespace {

using Form = Negotiated::Form;
using Status = Negotiated::Status;

/// What a request with these `Accept` lines and this query gets.
Negotiated negotiated(std::initializer_list<std::string_view> accept, std::string_view query = {}) {
  std::string text = "GET /api/v2/authtoken/";
  if (!query.empty()) text.append("?").append(query);
  text.append(" HTTP/1.1\r\nHost: a\r\n");
  for (const std::string_view line : accept) text.append("Accept: ").append(line).append("\r\n");
  text.append("\r\n");
  RequestHead head;
  const ParseResult parsed = parse_request_head(text, 0, HeadLimits{}, head);
  EXPECT_EQ(parsed.status, ParseResult::Status::kComplete) << text;
  return negotiate(head);
}

Form form(std::string_view accept) {
  const Negotiated result = negotiated({accept});
  EXPECT_EQ(result.status, Status::kChosen) << accept;
  return result.form;
}

TEST(Negotiation, WithoutAPreferenceItIsJson) {
  EXPECT_TRUE(negotiated({}).is_plain_json());
  EXPECT_TRUE(negotiated({""}).is_plain_json());
  EXPECT_TRUE(negotiated({" , ,"}).is_plain_json());
  EXPECT_TRUE(negotiated({"*/*"}).is_plain_json());
  EXPECT_TRUE(negotiated({}, "page=2").is_plain_json());
}

TEST(Negotiation, TheHigherQualityWins) {
  EXPECT_EQ(form("text/html"), Form::kPage);
  EXPECT_EQ(form("application/json;q=0.5, text/html;q=0.6"), Form::kPage);
  EXPECT_EQ(form("application/json;q=0.6, text/html;q=0.5"), Form::kJson);
  EXPECT_EQ(form("text/html;q=0.999, application/json"), Form::kJson);
  EXPECT_EQ(form("text/html;q=0.001, application/json;q=0"), Form::kPage);
  EXPECT_EQ(form("text/html;q=.1, */*; q=.2"), Form::kJson) << "as Java writes it";
  EXPECT_EQ(form("text/html;Q=0.1, */*;q=0.2"), Form::kJson) << "parameter names have no case";
}

TEST(Negotiation, ABrowsersAcceptGetsThePage) {
  EXPECT_EQ(form("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
            Form::kPage);
}

TEST(Negotiation, TheMoreSpecificRangeHasTheSayOnAFormsQuality) {
  EXPECT_EQ(form("*/*, application/json;q=0.1"), Form::kPage);
  EXPECT_EQ(form("text/*;q=0.9, text/html;q=0.1, application/*;q=0.5"), Form::kJson);
  EXPECT_EQ(form("text/html;q=0, */*"), Form::kJson);
  EXPECT_EQ(form("application/json;q=0, */*;q=0.1"), Form::kPage);
}

TEST(Negotiation, OfEqualQualitiesTheFormThatIsNamedMoreSpecificallyWinsThenJson) {
  EXPECT_EQ(form("text/html, */*"), Form::kPage);
  EXPECT_EQ(form("text/*, */*"), Form::kPage);
  EXPECT_EQ(form("text/html, application/json"), Form::kJson);
  EXPECT_EQ(form("text/html, application/*"), Form::kPage);
  EXPECT_EQ(form("TEXT/HTML"), Form::kPage);
}

TEST(Negotiation, SeveralLinesAreOneList) {
  EXPECT_EQ(negotiated({"application/json;q=0.1", "text/html;q=0.2"}).form, Form::kPage);
}

TEST(Negotiation, WhatNeitherFormServesIsNotAcceptable) {
  for (const char* accept :
       {"text/plain", "image/*", "application/xml", "text/html;q=0, application/json;q=0", "*/*;q=0", "json",
        "text", "/", "text/html;q=2", "text/html;q=0.1234", "text/html;q=x", "text/html;q=.",
        "text/html;q=1.001", "*/json"}) {
    EXPECT_EQ(negotiated({accept}).status, Status::kNotAcceptable) << accept;
  }
}

TEST(Negotiation, ARangeThatIsMalformedIsPassedOver) {
  EXPECT_EQ(form("text/html;q=, application/json;q=0.1"), Form::kJson);
  EXPECT_EQ(form("nonsense, text/html"), Form::kPage);
  EXPECT_EQ(form("text/plain;a=\"x,text/html\", application/json;q=0.3"), Form::kJson)
      << "a comma in a quoted string ends no range";
}

TEST(Negotiation, TheFormatInTheQueryBeatsAccept) {
  EXPECT_EQ(negotiated({"text/html"}, "format=json").form, Form::kJson);
  EXPECT_EQ(negotiated({"application/json"}, "format=api").form, Form::kPage);
  EXPECT_EQ(negotiated({"text/plain"}, "format=json").status, Status::kChosen);
  EXPECT_EQ(negotiated({}, "a=1&format=api&b=2").form, Form::kPage);
  EXPECT_EQ(negotiated({}, "format=json&format=api").form, Form::kPage) << "the last one counts";
  EXPECT_EQ(negotiated({}, "format=").form, Form::kJson);
}

TEST(Negotiation, AFormatThatDoesNotExistIsNotFound) {
  for (const char* query : {"format=xml", "format=JSON", "format=html", "format=api/"}) {
    EXPECT_EQ(negotiated({"text/html"}, query).status, Status::kUnknownFormat) << query;
  }
}

TEST(Negotiation, IndentIsTakenFromTheRangeThatNamesJson) {
  EXPECT_EQ(negotiated({"application/json; indent=4"}).indent, 4U);
  EXPECT_EQ(negotiated({"application/json;indent=\"2\""}).indent, 2U);
  EXPECT_EQ(negotiated({"application/json, application/json; indent=4"}).indent, 4U);
  EXPECT_EQ(negotiated({"text/html, application/json; indent=4"}).indent, 4U);
  EXPECT_EQ(negotiated({"text/html", "application/json; indent=4"}, "format=json").indent, 4U);
}

TEST(Negotiation, IndentIsBoundedAndNothingElseThanANumber) {
  EXPECT_EQ(negotiated({"application/json; indent=0"}).indent, 0U);
  EXPECT_EQ(negotiated({"application/json; indent=9"}).indent, kMaxIndent);
  EXPECT_EQ(negotiated({"application/json; indent=99999999999999999999999"}).indent, kMaxIndent);
  EXPECT_EQ(negotiated({"application/json; indent=-1"}).indent, 0U);
  EXPECT_EQ(negotiated({"application/json; indent=four"}).indent, 0U);
  EXPECT_EQ(negotiated({"*/*; indent=4"}).indent, 4U);
}

TEST(QueryParameter, IsFoundByItsWholeName) {
  EXPECT_EQ(find_query_parameter("format=json", "format"), "json");
  EXPECT_EQ(find_query_parameter("xformat=1&formatx=2", "format"), std::nullopt);
  EXPECT_EQ(find_query_parameter("format", "format"), "");
  EXPECT_EQ(find_query_parameter("a=b=c", "a"), "b=c");
  EXPECT_EQ(find_query_parameter("&&a=1&", "a"), "1");
  EXPECT_EQ(find_query_parameter("", "a"), std::nullopt);
}

}  // namespace
}  // namespace latchkey::http
