// What a login's body may be, and the answer to each body that is wrong (C-10, C-15 to C-19).
#include <gtest/gtest.h>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kRequired =
    R"({"username":["This field is required."],"password":["This field is required."]})";
constexpr const char* kMultipartType = "multipart/form-data; boundary=\"--a b\"";

std::string multipart_login() {
  return "----a b\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nalice\r\n"
         "----a b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\ncorrect horse\r\n"
         "----a b--\r\n";
}

class Body : public ::testing::Test {
 protected:
  Response post(std::string_view body, const std::string& type = kJsonType) {
    return post_login(client_, body, {{"Content-Type", type}, {"User-Agent", own_agent()}});
  }

  /// Posts a body that must be refused with 400 and exactly this.
  void expect_refused(std::string_view body, std::string_view answer, const std::string& type = kJsonType) {
    const Response response = post(body, type);
    EXPECT_EQ(response.status, 400) << body.substr(0, 100);
    EXPECT_EQ(response.body, answer) << body.substr(0, 100);
    EXPECT_EQ(response.value("Content-Type"), kJsonType);
  }

  /// Posts a body that must be refused as malformed at this byte.
  void expect_malformed(std::string_view body, std::size_t byte) {
    const Response response = post(body);
    EXPECT_EQ(response.status, 400) << body.substr(0, 100);
    EXPECT_TRUE(response.body.starts_with(R"({"detail":"JSON parse error - )")) << response.body;
    EXPECT_TRUE(response.body.ends_with(" at byte " + std::to_string(byte) + "\"}"))
        << body << ' ' << response.body;
  }

  HttpClient client_{common_server().port()};
};

using C10 = Body;
using C15 = Body;
using C16 = Body;
using C17 = Body;
using C18 = Body;
using C19 = Body;

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

TEST_F(C17, AnEmptyBodyIsAnEmptyObject) {
  for (const char* const type : {kJsonType, kFormType, "multipart/form-data; boundary=x"}) {
    expect_refused("", kRequired, type);
  }
}

TEST_F(C17, AnythingButAnObjectIsRefused) {
  for (const char* const body : {"[]", R"(["username","password"])", R"("alice")", "5", "true"}) {
    expect_refused(body, detail("JSON parse error - not a JSON object"));
  }
  expect_refused("null", R"({"__all__":["No data provided"]})");
}

TEST_F(C17, MalformedJsonIsRefusedWithTheByteWhereItBreaks) {
  expect_malformed("{", 1);
  expect_malformed(R"({"username":)", 12);
  expect_malformed(R"({"a":tru})", 5);
  expect_malformed(R"({"a":1,})", 7);
  expect_malformed(R"({'a':1})", 1);
  expect_malformed(R"({"a":"\q"})", 6);
  expect_malformed(R"({"a":01})", 5);
  expect_malformed(R"({"a":1} x)", 8);
  expect_malformed("{\"a\":\"\n\"}", 6);
  expect_malformed("username=alice&password=x", 0);
}

TEST_F(C17, InvalidUtf8IsMalformedEvenInAFieldThatNobodyReads) {
  expect_malformed("{\"username\":\"al\xff\"}", 15);
  expect_malformed("{\"x\":\"\xc0\xaf\"}", 6);
  expect_malformed("{\"x\":\"\xed\xa0\x80\"}", 6);
  expect_malformed("\xef\xbb\xbf{}", 0);
  EXPECT_EQ(post("username=%ff&password=x", kFormType).status, 400);
}

TEST_F(C17, OfDuplicateKeysTheLastCounts) {
  EXPECT_EQ(
      post(R"({"username":"bob","username":"alice","password":null,"password":"correct horse"})").status,
      200);
  expect_refused(R"({"username":"alice","username":null,"password":"x"})",
                 R"({"username":["This field may not be null."]})");
  EXPECT_EQ(post("username=bob&username=alice&password=x&password=correct%20horse", kFormType).status, 200);
}

TEST_F(C17, NestingOver64DeepIsMalformed) {
  const auto nested = [](std::size_t depth) {
    // The object around it is one level.
    return R"({"x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  expect_refused(nested(64), kRequired);
  expect_malformed(nested(65), 5 + 63);
  expect_malformed(std::string(60'000, '['), 64);
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

}  // namespace
}  // namespace latchkey::test
