#include "token/name_slabs.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace latchkey::token {
namespace {

class NameSlabsTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kMaxNames = 10'000;

  NameSlabsTest() : names_(NameSlabs::create(pages_.client(0), quiescence_, 0, kMaxNames).value()) {}

  std::string text(NameRef name, std::size_t bytes) const { return {names_->text(name), bytes}; }

  runtime::PageSource pages_{1, runtime::PageSource::Mode::kInPlace};
  runtime::Quiescence quiescence_{1};
  std::unique_ptr<NameSlabs> names_;
};

TEST_F(NameSlabsTest, EachNameIsKeptWhateverItsSize) {
  std::vector<NameRef> references;
  for (std::size_t bytes = 1; bytes <= NameSlabs::kMaxNameBytes; ++bytes) {
    references.push_back(names_->add(std::string(bytes, static_cast<char>('A' + bytes % 26))));
    ASSERT_NE(references.back(), NameSlabs::kNone);
  }
  for (std::size_t bytes = 1; bytes <= NameSlabs::kMaxNameBytes; ++bytes) {
    EXPECT_EQ(text(references[bytes - 1], bytes), std::string(bytes, static_cast<char>('A' + bytes % 26)));
  }
  EXPECT_EQ(std::set<NameRef>(references.begin(), references.end()).size(), NameSlabs::kMaxNameBytes);
}

TEST_F(NameSlabsTest, WhatIsReleasedIsUsedAgain) {
  const NameRef name = names_->add("user1");
  names_->release(name, 5);
  EXPECT_EQ(names_->add("user2"), name);
}

TEST_F(NameSlabsTest, PastItsRoomItTakesNoMore) {
  NameRef last = 1;
  std::size_t count = 0;
  for (; count < 3 * kMaxNames && last != NameSlabs::kNone; ++count) last = names_->add("user");
  EXPECT_EQ(last, NameSlabs::kNone);
  EXPECT_GE(count, kMaxNames);
  EXPECT_NE(names_->add("of another size"), NameSlabs::kNone);
}

TEST_F(NameSlabsTest, ANameOfElevenBytesCostsLittleMoreThanTwelve) {
  const std::size_t empty = names_->bytes();
  for (std::size_t i = 0; i < kMaxNames; ++i) names_->add("user1234567");
  EXPECT_LE(names_->bytes() - empty, 12 * (kMaxNames + 4096));
}

}  // namespace
}  // namespace latchkey::token
