#include "latchkey/token/binding.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "shard_fixture.h"

namespace latchkey::token {
namespace {

using Address = std::array<std::uint8_t, 16>;

constexpr Address kHere{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1};
constexpr Address kThere{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 2};

const Keyring& keyring() {
  static const Keyring keyring(test_key_file());
  return keyring;
}

TEST(Binding, IsOfBothAddressAndAgentWhereBothBind) {
  const Binder bind(keyring(), {});
  EXPECT_EQ(bind(kHere, "curl"), bind(kHere, "curl"));
  EXPECT_NE(bind(kHere, "curl"), bind(kThere, "curl"));
  EXPECT_NE(bind(kHere, "curl"), bind(kHere, "wget"));
}

TEST(Binding, LeavesOutWhatTheSettingsLeaveOut) {
  const Binder by_agent(keyring(), {.address = false, .agent = true});
  EXPECT_EQ(by_agent(kHere, "curl"), by_agent(kThere, "curl"));
  EXPECT_NE(by_agent(kHere, "curl"), by_agent(kHere, "wget"));
  const Binder by_address(keyring(), {.address = true, .agent = false});
  EXPECT_EQ(by_address(kHere, "curl"), by_address(kHere, "wget"));
  EXPECT_NE(by_address(kHere, "curl"), by_address(kThere, "curl"));
  const Binder by_nothing(keyring(), {.address = false, .agent = false});
  EXPECT_EQ(by_nothing(kHere, "curl"), by_nothing(kThere, "wget"));
}

TEST(Binding, OfNoAgentIsThatOfAnEmptyOne) {
  const Binder bind(keyring(), {});
  EXPECT_EQ(bind(kHere, std::string_view()), bind(kHere, ""));
  EXPECT_NE(bind(kHere, ""), bind(kHere, " "));
}

TEST(Binding, TellsAgentsOfEveryLengthApartByTheirLastByteToo) {
  const Binder bind(keyring(), {});
  std::set<store::BindingHash> hashes;
  for (std::size_t length = 0; length < 2000; ++length) {
    std::string agent(length, 'a');
    hashes.insert(bind(kHere, agent));
    if (length == 0) continue;
    agent.back() = 'b';
    hashes.insert(bind(kHere, agent));
  }
  EXPECT_EQ(hashes.size(), 3999U);
}

TEST(Binding, IsAnotherUnderAnotherKey) {
  KeyFile file = test_key_file();
  file.root.bytes()[0] ^= 1;
  const Keyring other(file);
  EXPECT_NE(Binder(keyring(), {})(kHere, "curl"), Binder(other, {})(kHere, "curl"));
}

}  // namespace
}  // namespace latchkey::token
