// What the body of a login may be, and the answer to each kind of wrong one (C-10, C-15, C-16, C-18, C-19).
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "login_body.h"

namespace latchkey::test {
namespace {

constexpr const char* kMultipartType = "multipart/form-data; boundary=\"--a b\"";

std::string multipart_login() {
  return "----a b\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nalice\r\n"
         "----a b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\ncorrect horse\r\n"
         "----a b--\r\n";
}

using C10 = LoginBody;
using C15 = LoginBody;
using C16 = LoginBody;
using C18 = LoginBody;
using C19 = LoginBody;

TEST_F(C10, ALoginIsTakenAsJsonAsAFormAndAsMultipart) {
  const std::string token = token_in(post(R"({"username": "alice", "password": "correct horse"})"));
  EXPECT_EQ(token_in(post("username=alice&password=correct%20horse", kFormType)), token);
  EXPECT_EQ(token_in(post("password=correct+horse&username=%61lice", kFormType)), token);
  EXPECT_EQ(token_in(post(multipart_login(), kMultipartType)), token);
}

TEST_F(C10, TheMediaTypeCountsInAnyCaseAndWithUtf8AsItsCharset) {
  const std::string body = login_json(kUser, kPassword);
  for (const char* const type :
       {"Application/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-8",
        "application/json; charset=\"utf-8\"", "application/json; q=1"}) {
    EXPECT_EQ(post(body, type).status, 200) << type;
  }
  EXPECT_EQ(
      post("username=alice&password=correct%20horse", "application/x-www-form-urlencoded; charset=UTF-8")
          .status,
      200);
}

TEST_F(C10, AnotherCharsetIsUnsupported) {
  const Response response = post(login_json(kUser, kPassword), "application/json; charset=latin-1");
  EXPECT_EQ(response.status, 415);
  EXPECT_EQ(response.body,
            detail("Unsupported media type \"application/json; charset=latin-1\" in request."));
}

TEST_F(C10, UnknownFieldsAreIgnored) {
  EXPECT_EQ(
      post(R"({"a":[1,{"b":null}],"username":"alice","remember":true,"password":"correct horse"})").status,
      200);
  EXPECT_EQ(post("a=b&username=alice&remember&password=correct%20horse&=x", kFormType).status, 200);
}

TEST_F(C15, AMissingFieldIsRequiredAndTheUsernameStandsFirst) {
  expect_refused("{}", kRequired);
  expect_refused(R"({"password":"x"})", R"({"username":["This field is required."]})");
  expect_refused(R"({"username":"x"})", R"({"password":["This field is required."]})");
  expect_refused("x=y", kRequired, kFormType);
  expect_refused(R"({"Username":"alice","PASSWORD":"x"})", kRequired);
}

TEST_F(C15, ABlankFieldIsRefused) {
  expect_refused(
      R"({"password":"","username":""})",
      R"({"username":["This field may not be blank."],"password":["This field may not be blank."]})");
  expect_refused(R"({"username":" \t\n ","password":"x"})",
                 R"({"username":["This field may not be blank."]})");
  expect_refused("username=&password=x", R"({"username":["This field may not be blank."]})", kFormType);
}

TEST_F(C15, ANullFieldIsRefused) {
  expect_refused(
      R"({"username":null,"password":null})",
      R"({"username":["This field may not be null."],"password":["This field may not be null."]})");
}

TEST_F(C15, WhatIsNoTextIsRefused) {
  for (const std::string value : {"true", "false", "[]", "{}", R"(["alice"])"}) {
    expect_refused(R"({"username":)" + value + R"(,"password":"x"})",
                   R"({"username":["Not a valid string."]})");
    expect_refused(R"({"username":"alice","password":)" + value + "}",
                   R"({"password":["Not a valid string."]})");
  }
}

TEST_F(C15, ANumberIsTakenAsItsText) {
  EXPECT_EQ(post(R"({"username":"numeric","password":12345})").status, 200);
  EXPECT_EQ(post(R"({"username":1.50,"password":-7e3})").status, 200);
  expect_refused(R"({"username":1.5,"password":-7e3})", kUnableToLogIn);
}

TEST_F(C15, AUsernameOver150CharactersIsRefused) {
  std::string name;
  for (int i = 0; i < 150; ++i) name.append("ë");
  expect_refused(login_json(name, "x"), kUnableToLogIn);
  expect_refused(login_json(name + "ë", "x"),
                 R"({"username":["Ensure this field has no more than 150 characters."]})");
}

TEST_F(C15, APasswordOver4096BytesIsRefused) {
  expect_refused(login_json(kUser, std::string(4096, 'x')), kUnableToLogIn);
  expect_refused(login_json(kUser, std::string(4097, 'x')),
                 R"({"password":["Ensure this field has no more than 4096 characters."]})");
  std::string wide;
  for (int i = 0; i < 2049; ++i) wide.append("ë");
  expect_refused(login_json(kUser, wide),
                 R"({"password":["Ensure this field has no more than 4096 characters."]})");
}

TEST_F(C15, ANulIsRefused) {
  expect_refused(
      R"({"username":"al\u0000ice","password":"x\u0000"})",
      R"({"username":["Null characters are not allowed."],"password":["Null characters are not allowed."]})");
  expect_refused("username=al%00ice&password=x", R"({"username":["Null characters are not allowed."]})",
                 kFormType);
}

TEST_F(C15, AUserWithAControlCharacterInTheNameCannotBeUsed) {
  expect_refused(R"({"username":"al\u0007ice","password":"x"})", kUnableToLogIn);
}

TEST_F(C16, WhiteSpaceAroundTheUsernameIsTrimmed) {
  const std::string token = token_in(post(login_json(kUser, kPassword)));
  EXPECT_EQ(token_in(post(R"({"username":" \t\r\nalice\u00a0 ","password":"correct horse"})")), token);
  EXPECT_EQ(token_in(post("username=+alice%0A&password=correct+horse", kFormType)), token);
  expect_refused(login_json("al ice", kPassword), kUnableToLogIn);
}

TEST_F(C16, ThePasswordCountsToTheByte) {
  EXPECT_EQ(post(login_json("spacious", " blank at both ends ")).status, 200);
  expect_refused(login_json("spacious", "blank at both ends"), kUnableToLogIn);
  expect_refused(login_json(kUser, " correct horse"), kUnableToLogIn);
  expect_refused(login_json(kUser, "correct horse "), kUnableToLogIn);
  expect_refused(login_json(kUser, "Correct horse"), kUnableToLogIn);
}

TEST_F(C18, AnotherContentTypeIsUnsupported) {
  for (const std::string type : {"text/plain", "application/xml", "application/jsonx", "application"}) {
    const Response response = post(login_json(kUser, kPassword), type);
    EXPECT_EQ(response.status, 415) << type;
    EXPECT_EQ(response.body, R"({"detail":"Unsupported media type \")" + type + R"(\" in request."})");
  }
}

TEST_F(C18, ABodyWithoutAContentTypeIsUnsupported) {
  const Response response = post_login(client_, login_json(kUser, kPassword), {});
  EXPECT_EQ(response.status, 415);
  EXPECT_EQ(response.body, R"({"detail":"Unsupported media type \"\" in request."})");
}

TEST_F(C18, ABrokenMultipartBodyIsRefused) {
  for (const std::string body : {"nothing", "--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n",
                                 "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nalice"}) {
    const Response response = post(body, "multipart/form-data; boundary=x");
    EXPECT_EQ(response.status, 400) << body << response.body;
  }
  EXPECT_EQ(post("--x--", "multipart/form-data").status, 400);
}

TEST_F(C19, ABodyOf64KiBIsTaken) {
  std::string body = login_json(kUser, kPassword);
  body.append(std::size_t{65'536} - body.size(), ' ');
  EXPECT_EQ(post(body).status, 200);
}

TEST_F(C19, ALongerBodyIsRefusedBeforeItIsReadAndTheConnectionClosed) {
  client_.send(
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 65537\r\n\r\n");
  const Response response = client_.receive();
  EXPECT_EQ(response.status, 413);
  EXPECT_TRUE(response.body.starts_with(R"({"detail":")")) << response.body;
  EXPECT_EQ(response.value("Connection"), "close");
  EXPECT_TRUE(client_.is_closed_by_server());
}

TEST_F(C19, ALongerChunkedBodyIsRefusedWhereItPassesTheBound) {
  client_.send(
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n8000\r\n" +
      std::string(0x8000, ' ') + "\r\n8001\r\n");
  const Response response = client_.receive();
  EXPECT_EQ(response.status, 413);
  EXPECT_TRUE(client_.is_closed_by_server());
}

TEST_F(C19, TheClientGetsTheAnswerEvenWhileItStillSends) {
  client_.send(
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 200000\r\n\r\n" +
      std::string(200'000, ' '));
  EXPECT_EQ(client_.receive().status, 413);
  EXPECT_TRUE(client_.is_closed_by_server());
}

TEST_F(C19, TheBoundIsASetting) {
  ServerOptions options;
  options.flags = {"--body-limit", "1KiB"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, own_agent()).status, 200);
  EXPECT_EQ(log_in(client, own_agent(), kUser, std::string(2000, 'x')).status, 413);
}

/// A body of these parts, each with a head and a content, between boundaries `x`.
std::string multipart(const std::vector<std::pair<std::string, std::string>>& parts) {
  std::string body;
  for (const auto& [head, content] : parts) {
    body.append("--x\r\n").append(head).append("\r\n\r\n").append(content).append("\r\n");
  }
  return body.append("--x--\r\n");
}

constexpr const char* kSimpleMultipart = "multipart/form-data; boundary=x";
constexpr const char* kUsernamePart = "Content-Disposition: form-data; name=\"username\"";
constexpr const char* kPasswordPart = "Content-Disposition: form-data; name=\"password\"";

TEST_F(C10, AMultipartBodyIsTakenAsClientsWriteIt) {
  const std::string token = token_in(post(login_json(kUser, kPassword)));
  const std::vector<std::string> bodies = {
      multipart({{kPasswordPart, kPassword}, {kUsernamePart, kUser}}),
      // Names in any case and without quotes, parts with types and encodings of their own, unknown parts, and
      // files.
      multipart(
          {{"content-disposition: FORM-DATA; NAME=username", kUser},
           {std::string(kPasswordPart) + "\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                         "Content-Transfer-Encoding: 8bit",
            kPassword},
           {"Content-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\nContent-Type: image/png",
            "\x89PNG\r\n\x1a\n\xff"}}),
      // Of two parts with the same name, the last one is used.
      multipart({{kUsernamePart, "bob"}, {kUsernamePart, kUser}, {kPasswordPart, kPassword}}),
      // Text behind the last boundary is not a part.
      multipart({{kUsernamePart, kUser}, {kPasswordPart, kPassword}}) + "an epilogue",
  };
  for (const std::string& body : bodies) EXPECT_EQ(token_in(post(body, kSimpleMultipart)), token) << body;
  EXPECT_EQ(token_in(post(bodies.front(), "Multipart/Form-Data; charset=utf-8; BOUNDARY=\"x\"")), token);
}

TEST_F(C10, APasswordOfAMultipartBodyCountsToTheByte) {
  EXPECT_EQ(post(multipart({{kUsernamePart, "spacious"}, {kPasswordPart, " blank at both ends "}}),
                 kSimpleMultipart)
                .status,
            200);
  expect_refused(multipart({{kUsernamePart, kUser}, {kPasswordPart, "correct horse\r\n"}}), kUnableToLogIn,
                 kSimpleMultipart);
}

TEST_F(C10, OfAMediaTypesParametersOnlyCharsetAndBoundaryCount) {
  for (const char* const type :
       {"application/json;version=1", "application/json ; profile=\"a;b\"", "application/json;",
        "application/json; charset=\"UTF-8\"; x=y", "APPLICATION/JSON;CHARSET=Utf-8"}) {
    EXPECT_EQ(post(login_json(kUser, kPassword), type).status, 200) << type;
  }
  EXPECT_EQ(
      post("username=alice&password=correct+horse", "application/x-www-form-urlencoded; boundary=x").status,
      200);
}

TEST_F(C10, AnotherCharsetIsUnsupportedWithEveryType) {
  for (const std::string type : {"application/json", "application/x-www-form-urlencoded", kSimpleMultipart}) {
    for (const std::string charset :
         {"latin-1", "utf-16", "utf-16le", "utf-32", "utf-7", "ibm037", "iso-2022-jp", "\"\""}) {
      const std::string sent = type + "; charset=" + charset;
      const Response response = post("{}", sent);
      EXPECT_EQ(response.status, 415) << sent;
      EXPECT_EQ(response.body, detail("Unsupported media type \"" + sent + "\" in request."));
    }
  }
  EXPECT_EQ(post("{}", "application/json; charset=utf-8; charset=latin-1").status, 415)
      << "two readers could pick different ones";
}

TEST_F(C15, AFormsFieldsAreJudgedAsJsonsAre) {
  expect_refused(multipart({{kUsernamePart, ""}}),
                 R"({"username":["This field may not be blank."],"password":["This field is required."]})",
                 kSimpleMultipart);
  expect_refused(
      multipart({{kUsernamePart, std::string("a\0b", 3)}, {kPasswordPart, std::string("a\0b", 3)}}),
      R"({"username":["Null characters are not allowed."],"password":["Null characters are not allowed."]})",
      kSimpleMultipart);
  expect_refused("username=" + std::string(151, 'a') + "&password=" + std::string(4097, 'x'),
                 R"({"username":["Ensure this field has no more than 150 characters."],)"
                 R"("password":["Ensure this field has no more than 4096 characters."]})",
                 kFormType);
  expect_refused("username=null&password=null", kUnableToLogIn, kFormType);
}

TEST_F(C18, ATypeThatIsUnknownOrBrokenIsUnsupportedAndToldAsItWasSent) {
  for (const std::string type :
       {"application/json/x", "json", "application/json, text/plain", "*/*", "application/*", "text/json",
        "application/json charset=utf-8", "application/vnd.api+json", "multipart/mixed; boundary=x"}) {
    const Response response = post(login_json(kUser, kPassword), type);
    EXPECT_EQ(response.status, 415) << type;
    EXPECT_EQ(response.body, detail("Unsupported media type \"" + type + "\" in request.")) << type;
    EXPECT_EQ(response.value("Content-Type"), kJsonType);
  }
}

TEST_F(C18, AContentTypeThatStandsTwiceIsABadRequest) {
  const Response response = post_login(client_, login_json(kUser, kPassword),
                                       {{"Content-Type", kJsonType}, {"content-type", kFormType}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, detail("Content-Type stands twice"));
}

TEST_F(C18, WithoutABodyOnlyATypeThatStandsThereCanBeUnsupported) {
  EXPECT_EQ(post_login(client_, "", {{"Content-Type", "text/plain"}}).status, 415);
  const Response without = post_login(client_, "", {});
  EXPECT_EQ(without.status, 400);
  EXPECT_EQ(without.body, kRequired);
}

}  // namespace
}  // namespace latchkey::test
