#include "api/body_fields.h"

#include <gtest/gtest.h>

#include <string>

#include "latchkey/http/request_parser.h"

namespace latchkey::api {
namespace {

constexpr std::size_t kMaxBodyBytes = 65536;

constexpr std::array<FieldDescription, 2> kLoginFields = {
    {{"username", "Username", 0, kMaxUsernameCharacters, false},
     {"password", "Password", 0, kMaxPasswordBytes, true}}};
constexpr std::array<FieldDescription, 1> kNewPassword = {{{"new_password", "New password", 8, 12, true}}};

OperationDescription reading(std::span<const FieldDescription> fields) {
  return {http::Method::kPost, "POST", "", "", Access::kAnyone, fields, kBodyTypes, {}};
}

class BodyFieldsTest : public testing::Test {
 protected:
  BodyFields read(std::string_view content_type, std::string_view body) {
    head_bytes_ = "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: h\r\n";
    if (!content_type.empty()) head_bytes_.append("Content-Type: ").append(content_type).append("\r\n");
    head_bytes_.append("\r\n");
    http::RequestHead head;
    const http::ParseResult parsed = http::parse_request_head(head_bytes_, 0, {}, head);
    EXPECT_EQ(parsed.status, http::ParseResult::Status::kComplete);
    return reader_.read(operation_, head, body);
  }
  BodyFields json(std::string_view body) { return read("application/json", body); }
  BodyFields form(std::string_view body) { return read("application/x-www-form-urlencoded", body); }

  OperationDescription operation_ = reading(kLoginFields);

 private:
  std::string head_bytes_;
  BodyFieldsReader reader_{kMaxBodyBytes};
};

TEST_F(BodyFieldsTest, TakesBothFieldsFromEachMediaType) {
  const std::string multipart =
      "--b\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nuser\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nmy pass\r\n--b--\r\n";
  for (const BodyFields& fields :
       {json(R"({"username": "user", "password": "my pass"})"), form("username=user&password=my%20pass"),
        read("multipart/form-data; boundary=b", multipart),
        read("Application/JSON; charset=\"UTF-8\"",
             R"({"password":"my pass","other":[1],"username":"user"})")}) {
    EXPECT_EQ(fields.status, 200) << fields.problem;
    EXPECT_EQ(fields.values[0].view(), "user");
    EXPECT_EQ(fields.values[1].view(), "my pass");
  }
}

TEST_F(BodyFieldsTest, NamesOnlyTheFieldsAtFaultUsernameFirst) {
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

TEST_F(BodyFieldsTest, TakesANumberAsItsText) {
  const BodyFields fields = json(R"({"username": -12.50, "password": 007e})");
  EXPECT_EQ(fields.status, 400);
  const BodyFields good = json(R"({"username": -12.50, "password": 7e2})");
  EXPECT_EQ(good.values[0].view(), "-12.50");
  EXPECT_EQ(good.values[1].view(), "7e2");
}

TEST_F(BodyFieldsTest, CountsAUsernameInCharactersAndAPasswordInBytes) {
  std::string name;
  for (int i = 0; i < 150; ++i) name += "\u00e9";
  EXPECT_EQ(json("{\"username\":\"" + name + "\",\"password\":\"" + std::string(4096, 'p') + "\"}").status,
            200);
  EXPECT_EQ(json("{\"username\":\"" + name + "e\",\"password\":\"p\"}").problem,
            R"({"username":["Ensure this field has no more than 150 characters."]})");
  EXPECT_EQ(json("{\"username\":\"u\",\"password\":\"" + std::string(4097, 'p') + "\"}").problem,
            R"({"password":["Ensure this field has no more than 4096 characters."]})");
}

TEST_F(BodyFieldsTest, TrimsTheUsernameAndLeavesThePasswordAlone) {
  const BodyFields fields = json("{\"username\":\" \u3000 user\u00a0\\n\",\"password\":\" p \"}");
  EXPECT_EQ(fields.values[0].view(), "user");
  EXPECT_EQ(fields.values[1].view(), " p ");
}

TEST_F(BodyFieldsTest, RefusesWhatIsNoObject) {
  for (const char* body : {"[]", "\"text\"", "12"}) {
    EXPECT_EQ(json(body).status, 400);
    EXPECT_EQ(json(body).problem, R"({"detail":"JSON parse error - not a JSON object"})") << body;
  }
  EXPECT_EQ(json("null").problem, R"({"__all__":["No data provided"]})");
  const BodyFields malformed = json(R"({"username":"u","password":"p","x":tru})");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_TRUE(malformed.problem.starts_with(R"({"detail":"JSON parse error - )")) << malformed.problem;
}

TEST_F(BodyFieldsTest, RefusesOtherMediaTypesWith415) {
  EXPECT_EQ(read("text/plain", "x").status, 415);
  EXPECT_EQ(read("text/plain", "x").problem,
            R"({"detail":"Unsupported media type \"text/plain\" in request."})");
  EXPECT_EQ(read("", "x").problem, R"({"detail":"Unsupported media type \"\" in request."})");
  EXPECT_EQ(read("application/json; charset=utf-16", "{}").status, 415);
}

TEST(TrimWhiteSpaceTest, TakesAsciiAndUnicodeFromBothEnds) {
  EXPECT_EQ(trim_white_space("\x1f\t a b \r\n"), "a b");
  EXPECT_EQ(trim_white_space("\u2003\u0085\u00e9\u205f"), "\u00e9");
  EXPECT_EQ(trim_white_space(" \u3000 "), "");
  EXPECT_EQ(trim_white_space(""), "");
}

TEST_F(BodyFieldsTest, HoldsAFieldToItsLeastLengthInCharacters) {
  operation_ = reading(kNewPassword);
  EXPECT_EQ(json(R"({"new_password":"1234567"})").problem,
            R"({"new_password":["Ensure this field has at least 8 characters."]})");
  EXPECT_EQ(json("{\"new_password\":\"\u00e9\u00e9\u00e9\u00e9\"}").problem,
            R"({"new_password":["Ensure this field has at least 8 characters."]})");
  const BodyFields fields = json(R"({"new_password":"12345678","username":7})");
  EXPECT_EQ(fields.status, 200);
  EXPECT_EQ(fields.values[0].view(), "12345678");
  EXPECT_EQ(json(R"({"new_password":"1234567890123"})").problem,
            R"({"new_password":["Ensure this field has no more than 12 characters."]})");
}

TEST_F(BodyFieldsTest, TakesOnlyTheMediaTypesOfTheOperation) {
  operation_.parses = std::span(kBodyTypes).first(1);
  EXPECT_EQ(json(R"({"username":"u","password":"p"})").status, 200);
  const BodyFields fields = form("username=u&password=p");
  EXPECT_EQ(fields.status, 415);
  EXPECT_EQ(fields.problem,
            R"({"detail":"Unsupported media type \"application/x-www-form-urlencoded\" in request."})");
}

}  // namespace
}  // namespace latchkey::api
