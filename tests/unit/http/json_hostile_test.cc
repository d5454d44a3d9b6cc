// Bodies made to break parsers. The status, text and byte of each refusal are fixed here. Each bad value is
// tried in a wanted field, and in one that nobody reads, which other parsers skip.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "latchkey/http/json_fields.h"
#include "support/hostile_json.h"

namespace latchkey::http {
namespace {

using Status = DecodeResult::Status;

constexpr std::size_t kBodyBytes = 65536;
constexpr std::array<std::string_view, 2> kNames = {"username", "password"};

class HostileJson : public testing::Test {
 protected:
  DecodeResult decode(std::string_view body) { return decoder_.decode(body, kNames, fields_); }

  void expect_malformed(std::string_view body, const std::string& what, std::size_t byte) {
    const DecodeResult result = decode(body);
    EXPECT_EQ(result.status, Status::kMalformed) << body.substr(0, 200);
    EXPECT_EQ(result.detail, "JSON parse error - " + what + " at byte " + std::to_string(byte))
        << body.substr(0, 200);
  }

  Field username(std::string_view body) {
    const DecodeResult result = decode(body);
    EXPECT_EQ(result.status, Status::kDecoded) << body.substr(0, 200) << ": " << result.detail;
    return fields_[0];
  }

  JsonFieldDecoder decoder_{kBodyBytes};
  std::array<Field, 2> fields_;
};

TEST_F(HostileJson, IsRefusedInEveryPlace) {
  for (const auto& [value, what, byte] : test::hostile_json_values()) {
    for (const std::string prefix :
         {R"({"username":)", R"({"x":)", R"({"username":"alice","password":"x","x":)", R"({"x":[{"y":[0,)",
          R"({"username":"a", "username" : )"}) {
      expect_malformed(prefix + value + (prefix.find('[') == std::string::npos ? "}" : "]}]}"), what,
                       prefix.size() + byte);
    }
    // All wanted fields come behind it: a parser that stops early would not notice the fault.
    const std::string first = R"({"x":)";
    expect_malformed(first + value + R"(,"username":"alice","password":"x"})", what, first.size() + byte);
  }
}

TEST_F(HostileJson, NumbersAtTheEndsOfTheRangeAreTaken) {
  for (const std::string number :
       {"-0", "-0.0", "1E+2", "1e-999", "-1e-999", "0e999", "1.7976931348623157e308", "18446744073709551615",
        "-9223372036854775808"}) {
    EXPECT_EQ(username(R"({"username":)" + number + "}").text, number);
    EXPECT_EQ(username(R"({"x":)" + number + R"(,"username":"a"})").text, "a") << number;
  }
  const std::string fraction = "0." + std::string(400, '3');
  EXPECT_EQ(username(R"({"username":)" + fraction + "}").text, fraction);
}

TEST_F(HostileJson, NestingIsCountedInObjectsAndListsAlike) {
  const auto nested = [](std::string_view open, std::string_view close, std::size_t levels) {
    std::string text;
    for (std::size_t i = 0; i < levels; ++i) text.append(open);
    text.append("0");
    for (std::size_t i = 0; i < levels; ++i) text.append(close);
    return text;
  };
  constexpr std::size_t kInside = 63;  // The object around them is a level too.
  for (const std::string key : {R"({"x":)", R"({"username":)"}) {
    for (const auto& [open, close] : {std::pair<std::string, std::string>{"[", "]"}, {R"({"k":)", "}"}}) {
      EXPECT_EQ(decode(key + nested(open, close, kInside) + "}").status, Status::kDecoded) << key << open;
      expect_malformed(key + nested(open, close, kInside + 1) + "}", "nesting deeper than 64",
                       key.size() + kInside * open.size());
    }
    EXPECT_EQ(decode(key + std::string(kInside, '[') + std::string(kInside, ']') + "}").status,
              Status::kDecoded);
    expect_malformed(key + std::string(kInside + 1, '[') + std::string(kInside + 1, ']') + "}",
                     "nesting deeper than 64", key.size() + kInside);
  }
  EXPECT_EQ(username(R"({"username":)" + nested("[", "]", kInside) + "}").kind, FieldKind::kNotText);
}

TEST_F(HostileJson, NestingOfThousandsIsRefusedAtLevel65) {
  constexpr std::size_t kThousands = 30'000;
  const std::string open(kThousands, '[');
  const std::string closed = open + std::string(kThousands, ']');
  expect_malformed(open, "nesting deeper than 64", 64);
  expect_malformed(closed, "nesting deeper than 64", 64);
  expect_malformed(R"({"x":)" + closed + "}", "nesting deeper than 64", 5 + 63);
  expect_malformed(R"({"username":"a","x":)" + open, "nesting deeper than 64", 20 + 63);
  std::string objects;
  for (std::size_t i = 0; i < 10'000; ++i) objects.append(R"({"a":)");
  expect_malformed(objects, "nesting deeper than 64", 64 * 5);
  // These only look deep.
  EXPECT_EQ(username(R"({"x":")" + open + R"(","username":"a"})").text, "a");
  std::string wide;
  for (std::size_t i = 0; i < 10'000; ++i) wide.append("[],");
  EXPECT_EQ(username(R"({"x":[)" + wide + R"({}],"username":"a"})").text, "a");
}

TEST_F(HostileJson, OfDuplicatesTheLastCountsHoweverItIsSpelled) {
  EXPECT_EQ(username(R"({"username":"a","username":"b"})").text, "b");
  EXPECT_EQ(username(R"({"username":"a","\u0075sername":"b"})").text, "b");
  EXPECT_EQ(username(R"({"username":"a","x":{"username":"b"}})").text, "a");
  EXPECT_EQ(username(R"({"username":"a","username":[1]})").kind, FieldKind::kNotText);
  EXPECT_EQ(username(R"({"x":1,"x":{},"username":"a","x":null})").text, "a");
  std::string many = "{";
  for (int i = 0; i < 4000; ++i) many.append(R"("username":)").append(std::to_string(i)).append(",");
  EXPECT_EQ(username(many + R"("username":"last"})").text, "last");
}

TEST_F(HostileJson, NulIsACharacterOfTextsAndNames) {
  EXPECT_EQ(username(R"({"username":"\u0000"})").text, std::string_view("\0", 1));
  EXPECT_EQ(username(R"({"username":"a\u0000b"})").text, std::string_view("a\0b", 3));
  EXPECT_EQ(username(R"({"username\u0000":"a"})").kind, FieldKind::kMissing);
  EXPECT_EQ(username(R"({"\u0000username":"a"})").kind, FieldKind::kMissing);
  EXPECT_EQ(username(R"({"username":"a","username\u0000x":"b"})").text, "a");
  EXPECT_EQ(username(R"({"x":"\u0000","\u0000":1,"username":"a"})").text, "a");
}

TEST_F(HostileJson, NothingStandsAroundTheDocument) {
  expect_malformed("\xef\xbb\xbf{}", "unexpected byte order mark", 0);
  expect_malformed("\xef\xbb\xbf", "unexpected byte order mark", 0);
  expect_malformed("\xff\xfe{\0}\0", "expected a value", 0);
  expect_malformed(std::string_view("{\0}\0", 4), "expected a key in double quotes", 1);
  const std::string whole = R"({"username":"a"})";
  for (const std::string tail : {"x", "}", "]", ",", "{}", "null", "\xef\xbb\xbf", "/", "\x7f", "\xff"}) {
    expect_malformed(whole + tail, "unexpected text behind the document", whole.size());
    expect_malformed(whole + " \t\r\n" + tail, "unexpected text behind the document", whole.size() + 4);
  }
  expect_malformed(whole + std::string(1, '\0'), "unexpected text behind the document", whole.size());
  expect_malformed(whole + "\v", "unexpected text behind the document", whole.size());
  EXPECT_EQ(username(" \t\r\n" + whole + " \t\r\n").text, "a");
}

TEST_F(HostileJson, WhatIsCutIsRefusedAtItsEnd) {
  const std::string whole = R"({"username":"\u00e9","x":[true,null,{"y":"z"}]})";
  for (std::size_t bytes = 1; bytes < whole.size(); ++bytes) {
    const DecodeResult result = decode(std::string_view(whole).substr(0, bytes));
    EXPECT_EQ(result.status, Status::kMalformed) << bytes;
    EXPECT_TRUE(result.detail.starts_with("JSON parse error - ")) << result.detail;
  }
  EXPECT_EQ(username(whole).text, "\xc3\xa9");
}

}  // namespace
}  // namespace latchkey::http
