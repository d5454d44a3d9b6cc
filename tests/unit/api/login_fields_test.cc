#include "latchkey/api/login_fields.h"

#include <gtest/gtest.h>

#include <string>

#include "latchkey/http/request_parser.h"

namespace latchkey::api {
namespace {

constexpr std::size_t kMaxBodyBytes = 65536;

class LoginFieldsTest : public testing::Test {
 protected:
  LoginFields read(std::string_view content_type, std::string_view body) {
    head_bytes_ = "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: h\r\n";
    if (!content_type.empty()) head_bytes_.append("Content-Type: ").append(content_type).append("\r\n");
    head_bytes_.append("\r\n");
    http::RequestHead head;
    const http::ParseResult parsed = http::parse_request_head(head_bytes_, 0, {}, head);
    EXPECT_EQ(parsed.status, http::ParseResult::Status::kComplete);
    return reader_.read(head, body);
  }
  LoginFields json(std::string_view body) { return read("application/json", body); }
  LoginFields form(std::string_view body) { return read("application/x-www-form-urlencoded", body); }

 private:
  std::string head_bytes_;
  LoginFieldsReader reader_{kMaxBodyBytes};
};

TEST_F(LoginFieldsTest, TakesBothFieldsFromEachMediaType) {
  const std::string multipart =
      "--b\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nuser\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nmy pass\r\n--b--\r\n";
  for (const LoginFields& fields :
       {json(R"({"username": "user", "password": "my pass"})"), form("username=user&password=my%20pass"),
        read("multipart/form-data; boundary=b", multipart),
        read("Application/JSON; charset=\"UTF-8\"",
             R"({"password":"my pass","other":[1],"username":"user"})")}) {
    EXPECT_EQ(fields.status, 200) << fields.problem;
    EXPECT_EQ(fields.username, "user");
    EXPECT_EQ(fields.password.view(), "my pass");
  }
}

TEST_F(LoginFieldsTest, NamesOnlyTheFieldsAtFaultUsernameFirst) {
  EXPECT_EQ(json("{}").problem,
            R"({"username":["This field is required."],"password":["This field is required."]})");
  EXPECT_EQ(json("").problem,
            R"({"username":["This field is required."],"password":["This field is required."]})");
  EXPECT_EQ(read("", "").problem,
            R"({"username":["This field is required."],"password":["This field is required."]})");
  EXPECT_EQ(json(R"({"username":"u"})").problem, R"({"password":["This field is required."]})");
  EXPECT_EQ(json(R"({"username":" \t ","password":""})").problem,
            R"({"username":["This field may not be blank."],"password":["This field may not be blank."]})");
  EXPECT_EQ(json(R"({"username":null,"password":"p"})").problem,
            R"({"username":["This field may not be null."]})");
  EXPECT_EQ(json(R"({"username":true,"password":[1]})").problem,
            R"({"username":["Not a valid string."],"password":["Not a valid string."]})");
  EXPECT_EQ(json(R"({"username":"a\u0000b","password":"p"})").problem,
            R"({"username":["Null characters are not allowed."]})");
}

TEST_F(LoginFieldsTest, TakesANumberAsItsText) {
  const LoginFields fields = json(R"({"username": -12.50, "password": 007e})");
  EXPECT_EQ(fields.status, 400);
  const LoginFields good = json(R"({"username": -12.50, "password": 7e2})");
  EXPECT_EQ(good.username, "-12.50");
  EXPECT_EQ(good.password.view(), "7e2");
}

TEST_F(LoginFieldsTest, CountsAUsernameInCharactersAndAPasswordInBytes) {
  std::string name;
  for (int i = 0; i < 150; ++i) name += "\u00e9";
  EXPECT_EQ(json("{\"username\":\"" + name + "\",\"password\":\"" + std::string(4096, 'p') + "\"}").status,
            200);
  EXPECT_EQ(json("{\"username\":\"" + name + "e\",\"password\":\"p\"}").problem,
            R"({"username":["Ensure this field has no more than 150 characters."]})");
  EXPECT_EQ(json("{\"username\":\"u\",\"password\":\"" + std::string(4097, 'p') + "\"}").problem,
            R"({"password":["Ensure this field has no more than 4096 characters."]})");
}

TEST_F(LoginFieldsTest, TrimsTheUsernameAndLeavesThePasswordAlone) {
  const LoginFields fields = json("{\"username\":\" \u3000 user\u00a0\\n\",\"password\":\" p \"}");
  EXPECT_EQ(fields.username, "user");
  EXPECT_EQ(fields.password.view(), " p ");
}

TEST_F(LoginFieldsTest, RefusesWhatIsNoObject) {
  for (const char* body : {"[]", "\"text\"", "12"}) {
    EXPECT_EQ(json(body).status, 400);
    EXPECT_EQ(json(body).problem, R"({"detail":"JSON parse error - not a JSON object"})") << body;
  }
  EXPECT_EQ(json("null").problem, R"({"__all__":["No data provided"]})");
  const LoginFields malformed = json(R"({"username":"u","password":"p","x":tru})");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_TRUE(malformed.problem.starts_with(R"({"detail":"JSON parse error - )")) << malformed.problem;
}

TEST_F(LoginFieldsTest, RefusesOtherMediaTypesWith415) {
  EXPECT_EQ(read("text/plain", "x").status, 415);
  EXPECT_EQ(read("text/plain", "x").problem,
            R"({"detail":"Unsupported media type \"text/plain\" in request."})");
  EXPECT_EQ(read("", "x").problem, R"({"detail":"Unsupported media type \"\" in request."})");
  EXPECT_EQ(read("application/json; charset=latin1", "{}").status, 415);
}

TEST(TrimWhiteSpaceTest, TakesAsciiAndUnicodeFromBothEnds) {
  EXPECT_EQ(trim_white_space("\x1f\t a b \r\n"), "a b");
  EXPECT_EQ(trim_white_space("\u2003\u0085\u00e9\u205f"), "\u00e9");
  EXPECT_EQ(trim_white_space(" \u3000 "), "");
  EXPECT_EQ(trim_white_space(""), "");
}

}  // namespace
}  // namespace latchkey::api
