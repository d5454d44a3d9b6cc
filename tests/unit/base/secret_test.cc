#include "latchkey/base/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <new>
#include <type_traits>

namespace latchkey {
namespace {

using Key = SecretBytes<32>;

static_assert(!std::is_copy_constructible_v<Key> && !std::is_copy_assignable_v<Key>);
static_assert(!std::is_copy_constructible_v<SecretText> && !std::is_copy_assignable_v<SecretText>);

bool all_zero(const std::uint8_t* bytes, std::size_t size) {
  return std::all_of(bytes, bytes + size, [](std::uint8_t byte) { return byte == 0; });
}

Key key_of(std::uint8_t byte) {
  Key key;
  std::fill(key.bytes().begin(), key.bytes().end(), byte);
  return key;
}

TEST(Wipe, OverwritesAllOfItAndNothingElse) {
  std::array<std::uint8_t, 8> bytes{1, 2, 3, 4, 5, 6, 7, 8};
  wipe(bytes.data() + 1, 6);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 8>{1, 0, 0, 0, 0, 0, 0, 8}));
  wipe(bytes.data(), 0);
  EXPECT_EQ(bytes[0], 1);
}

TEST(SecretBytes, StartsAsZeroes) { EXPECT_TRUE(all_zero(Key().data(), Key::size())); }

TEST(SecretBytes, IsWipedWhenItGoes) {
  alignas(Key) std::array<std::uint8_t, sizeof(Key)> memory{};
  Key* key = new (memory.data()) Key(key_of(0x5a));
  ASSERT_EQ(memory[31], 0x5a);
  std::destroy_at(key);
  EXPECT_TRUE(all_zero(memory.data(), memory.size()));
}

TEST(SecretBytes, LeavesNothingWhereItIsMovedFrom) {
  Key from = key_of(1);
  Key to(std::move(from));
  EXPECT_EQ(to.data()[31], 1);
  EXPECT_TRUE(all_zero(from.data(), Key::size()));  // NOLINT(bugprone-use-after-move): that is the claim

  Key assigned = key_of(2);
  assigned = std::move(to);
  EXPECT_EQ(assigned.data()[0], 1);
  EXPECT_TRUE(all_zero(to.data(), Key::size()));  // NOLINT(bugprone-use-after-move): that is the claim
}

TEST(SecretBytes, SurvivesBeingMovedToItself) {
  Key key = key_of(3);
  Key& same = key;
  key = std::move(same);
  EXPECT_EQ(key.data()[31], 3);
}

TEST(SecretText, HoldsTheTextToTheByte) {
  const std::string_view password(" p\0w ", 5);
  const SecretText secret(password);
  EXPECT_EQ(secret.view(), password);
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(SecretText().empty());
}

// A short text lies within the object itself, whose memory can be examined after its end.
TEST(SecretText, IsWipedWhenItGoes) {
  alignas(SecretText) std::array<std::uint8_t, sizeof(SecretText)> memory{};
  SecretText* secret = new (memory.data()) SecretText("hunter2");
  const std::string_view before(reinterpret_cast<const char*>(memory.data()), memory.size());
  ASSERT_NE(before.find("hunter2"), std::string_view::npos);
  std::destroy_at(secret);
  EXPECT_EQ(before.find("unter2"), std::string_view::npos);
}

// If it moved like a string, the moved-from text would keep its bytes in place.
TEST(SecretText, LeavesNothingWhereItIsMovedFrom) {
  SecretText from("hunter2");
  const char* const place = from.view().data();
  SecretText to(std::move(from));
  EXPECT_EQ(to.view(), "hunter2");
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is the claim
  EXPECT_TRUE(all_zero(reinterpret_cast<const std::uint8_t*>(place), 7));

  SecretText assigned("another one");
  assigned = std::move(to);
  EXPECT_EQ(assigned.view(), "hunter2");
  EXPECT_TRUE(to.empty());  // NOLINT(bugprone-use-after-move): that is the claim
}

TEST(SecretText, IsEmptyOnceCleared) {
  SecretText secret(std::string(100, 'x'));
  secret.clear();
  EXPECT_TRUE(secret.empty());
}

}  // namespace
}  // namespace latchkey
