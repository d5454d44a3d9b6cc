// Which form an answer takes (C-60, C-61).
#include <gtest/gtest.h>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kPingPath = "/api/v2/ping/";
constexpr const char* kHtmlType = "text/html; charset=utf-8";

std::string type_of(HttpClient& client, const std::string& accept, const std::string& target = kPingPath) {
  const Response response = client.request("GET", target, {{"Accept", accept}});
  EXPECT_EQ(response.status, 200) << accept;
  return response.value("Content-Type");
}

TEST(C60, WithoutAcceptOrWithAnythingTheAnswerIsJson) {
  HttpClient client(common_server().port());
  EXPECT_EQ(client.request("GET", kPingPath).value("Content-Type"), kJsonType);
  EXPECT_EQ(type_of(client, ""), kJsonType);
  EXPECT_EQ(type_of(client, "*/*"), kJsonType);
}

TEST(C60, TheHigherQualityWinsAndOfEqualOnesTheMoreSpecific) {
  HttpClient client(common_server().port());
  EXPECT_EQ(type_of(client, "text/html"), kHtmlType);
  EXPECT_EQ(type_of(client, "application/json;q=0.5, text/html;q=0.9"), kHtmlType);
  EXPECT_EQ(type_of(client, "application/json;q=0.9, text/html;q=0.5"), kJsonType);
  EXPECT_EQ(type_of(client, "*/*, text/html;q=0.9"), kJsonType);
  EXPECT_EQ(type_of(client, "text/html, */*"), kHtmlType);
  EXPECT_EQ(type_of(client, "text/*, application/json;q=0.1"), kHtmlType);
  EXPECT_EQ(type_of(client, "text/html;q=0, */*;q=0.1"), kJsonType);
  EXPECT_EQ(type_of(client, "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
            kHtmlType);
}

TEST(C60, SeveralAcceptLinesAreOneList) {
  HttpClient client(common_server().port());
  const Response response =
      client.request("GET", kPingPath, {{"Accept", "application/json;q=0.1"}, {"Accept", "text/html"}});
  EXPECT_EQ(response.value("Content-Type"), kHtmlType);
}

TEST(C60, TheFormatBeatsAccept) {
  HttpClient client(common_server().port());
  EXPECT_EQ(type_of(client, "text/html", "/api/v2/ping/?format=json"), kJsonType);
  EXPECT_EQ(type_of(client, "text/plain", "/api/v2/ping/?format=json"), kJsonType);
  EXPECT_EQ(type_of(client, "application/json", "/api/v2/ping/?format=api"), kHtmlType);
}

TEST(C60, AnotherFormatIsNotFoundInJson) {
  HttpClient client(common_server().port());
  for (const char* const target : {"/api/v2/ping/?format=xml", "/api/v2/ping/?format=html",
                                   "/api/v2/authtoken/?format=yaml", "/nothing?format=xml"}) {
    const Response response = client.request("GET", target, {{"Accept", "text/html"}});
    EXPECT_EQ(response.status, 404) << target;
    EXPECT_EQ(response.body, detail("Not found.")) << target;
    EXPECT_EQ(response.value("Content-Type"), kJsonType) << target;
  }
  EXPECT_EQ(client.request("POST", "/api/v2/authtoken/?format=yaml").value("Allow"), "POST, DELETE, OPTIONS");
}

TEST(C60, WhereNeitherIsAcceptableItIs406InJson) {
  HttpClient client(common_server().port());
  for (const char* const accept :
       {"text/plain", "image/*", "application/json;q=0, text/html;q=0", "*/*;q=0", "html"}) {
    for (const char* const target : {kPingPath, kTokenPath}) {
      const Response response = client.request("GET", target, {{"Accept", accept}});
      EXPECT_EQ(response.status, 406) << accept;
      EXPECT_EQ(response.body, detail("Could not satisfy the request Accept header.")) << accept;
      EXPECT_EQ(response.value("Content-Type"), kJsonType) << accept;
    }
  }
}

TEST(C60, WhatIsNotThereIsNotFoundWhateverIsAcceptable) {
  HttpClient client(common_server().port());
  const Response response = client.request("GET", "/nothing", {{"Accept", "text/plain"}});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, detail("Not found."));
}

TEST(C60, ALoginThatIsNotAcceptableIsNoLogin) {
  HttpClient client(common_server().port());
  const HeaderLines headers = {
      {"Accept", "text/plain"}, {"Content-Type", kJsonType}, {"User-Agent", own_agent()}};
  const Response response = post_login(client, login_json(kUser, kPassword), headers);
  EXPECT_EQ(response.status, 406);
  EXPECT_EQ(response.body.find("token"), std::string::npos);
}

TEST(C60, VerifyIsForProxiesAndHasOneForm) {
  HttpClient client(common_server().port());
  for (const char* const target : {"/auth/verify", "/auth/verify?format=xml"}) {
    const Response response = client.request("GET", target, {{"Accept", "text/html"}});
    EXPECT_EQ(response.status, 401) << target;
    EXPECT_EQ(response.lines("Content-Type"), 0U) << target;
    EXPECT_EQ(response.body, "") << target;
  }
}

TEST(C61, TheAnswerIsIndentedByAsManySpacesAsAskedFor) {
  HttpClient client(common_server().port());
  EXPECT_EQ(client.request("GET", kTokenPath, {{"Accept", "application/json; indent=4"}}).body,
            "{\n    \"detail\": \"Method 'GET' not allowed.\"\n}");
  EXPECT_EQ(client.request("GET", kTokenPath, {{"Accept", "application/json; indent=1"}}).body,
            "{\n \"detail\": \"Method 'GET' not allowed.\"\n}");
  EXPECT_EQ(client.request("GET", kTokenPath, {{"Accept", "application/json; indent=0"}}).body,
            detail("Method 'GET' not allowed."));
  EXPECT_EQ(client.request("GET", kTokenPath, {{"Accept", "application/json; indent=1000"}}).body,
            "{\n        \"detail\": \"Method 'GET' not allowed.\"\n}");
}

TEST(C61, AnIndentedAnswerIsTheSameOtherwise) {
  HttpClient client(common_server().port());
  const std::string agent = own_agent();
  const HeaderLines headers = {
      {"Accept", "application/json; indent=4"}, {"Content-Type", kJsonType}, {"User-Agent", agent}};
  const Response indented = post_login(client, login_json(kUser, kPassword), headers);
  EXPECT_EQ(indented.status, 200);
  EXPECT_TRUE(indented.body.starts_with("{\n    \"token\": \"")) << indented.body;
  EXPECT_EQ(indented.value("Content-Type"), kJsonType);
  EXPECT_EQ(indented.value("Allow"), "POST, DELETE, OPTIONS");
  EXPECT_EQ(indented.value("Auth-Token-Timeout"), "1800");
  EXPECT_EQ(indented.value("Pragma"), "no-cache");
  for (const char* const name : {"X-API-Node", "X-API-Time", "Vary", "Date", "Content-Length"}) {
    EXPECT_EQ(indented.lines(name), 1U) << name;
  }
  const Response empty = client.request("DELETE", kTokenPath, {{"Accept", "application/json; indent=4"}});
  EXPECT_EQ(empty.status, 204);
  EXPECT_EQ(empty.body, "");
}

}  // namespace
}  // namespace latchkey::test
