#include "latchkey/http/form_fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

namespace latchkey::http {
namespace {

using Status = DecodeResult::Status;

constexpr std::size_t kBodyBytes = 4096;
constexpr std::array<std::string_view, 2> kNames = {"username", "password"};

class FormFields : public testing::Test {
 protected:
  Status decode(std::string_view body) { return decoder_.decode(body, kNames, fields_).status; }
  std::string_view password(std::string_view body) {
    EXPECT_EQ(decode(body), Status::kDecoded) << body;
    EXPECT_EQ(fields_[1].kind, FieldKind::kText) << body;
    return fields_[1].text;
  }

  FormFieldDecoder decoder_{kBodyBytes};
  std::array<Field, 2> fields_;
};

TEST_F(FormFields, TakesThePairsOfTheContract) {
  ASSERT_EQ(decode("username=user&password=my%20pass"), Status::kDecoded);
  EXPECT_EQ(fields_[0].text, "user");
  EXPECT_EQ(fields_[1].text, "my pass");
}

TEST_F(FormFields, MissingIsNotTheSameAsEmpty) {
  ASSERT_EQ(decode("username="), Status::kDecoded);
  EXPECT_EQ(fields_[0].kind, FieldKind::kText);
  EXPECT_EQ(fields_[0].text, "");
  EXPECT_EQ(fields_[1].kind, FieldKind::kMissing);
  EXPECT_EQ(password("password"), "");
  ASSERT_EQ(decode(""), Status::kDecoded);
  EXPECT_EQ(fields_[0].kind, FieldKind::kMissing) << "of the body before nothing is left";
}

TEST_F(FormFields, DecodesAsBrowsersDo) {
  EXPECT_EQ(password("password=a+b%2Bc"), "a b+c");
  EXPECT_EQ(password("password=a=b=c"), "a=b=c");
  EXPECT_EQ(password("p%61ssword=x"), "x");
  EXPECT_EQ(password("&&password=x&"), "x");
  EXPECT_EQ(password("password=%c3%A9"), "\xc3\xa9");
  EXPECT_EQ(password("password=100%&x"), "100%") << "an escape that is none stays";
  EXPECT_EQ(password("password=%zz%4"), "%zz%4");
  EXPECT_EQ(password("password=%%41"), "%A");
  EXPECT_EQ(password("password=a%00b"), std::string_view("a\0b", 3));
  EXPECT_EQ(password("password= a;b "), " a;b ");
}

TEST_F(FormFields, OfDuplicatesTheLastCounts) { EXPECT_EQ(password("password=1&password=2"), "2"); }

TEST_F(FormFields, WhatIsNotUtf8OnceDecodedIsMalformed) {
  EXPECT_EQ(decode("password=%ff"), Status::kMalformed);
  EXPECT_EQ(decode("x=%c3&password=y"), Status::kMalformed);
  EXPECT_EQ(decode("%ed%a0%80=x"), Status::kMalformed);
  EXPECT_EQ(decode("password=\xff"), Status::kMalformed);
}

TEST_F(FormFields, LargestBodyIsTaken) {
  const std::string body = "password=" + std::string(kBodyBytes - 9, 'x');
  EXPECT_EQ(password(body).size(), kBodyBytes - 9);
}

TEST_F(FormFields, WipeLeavesNothingOfThePassword) {
  const std::string_view text = password("username=u&password=hunter2");
  ASSERT_EQ(text, "hunter2");
  decoder_.wipe();
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c == '\0'; }));
}

}  // namespace
}  // namespace latchkey::http
