#include "latchkey/runtime/turns.h"

#include <gtest/gtest.h>

#include <vector>

#include "latchkey/runtime/nursery.h"

namespace latchkey::runtime {
namespace {

Task<void> note_turns(Turns& turns, std::vector<int>& noted, int name, int count) {
  for (int i = 0; i < count; ++i) {
    co_await turns.next();
    noted.push_back(name);
  }
}

TEST(Turns, OneGoesOnInAPassAndTheOthersAfterIt) {
  Turns turns;
  Nursery nursery;
  std::vector<int> noted;
  EXPECT_EQ(turns.pass(BootTime{5}), kNever) << "nobody waits";
  nursery.spawn(note_turns(turns, noted, 1, 2));
  nursery.spawn(note_turns(turns, noted, 2, 1));
  EXPECT_TRUE(noted.empty()) << "nobody goes on at once";
  EXPECT_EQ(turns.pass(BootTime{5}), 5) << "the next pass comes at once";
  EXPECT_EQ(noted, (std::vector<int>{1}));
  EXPECT_EQ(turns.pass(BootTime{6}), 6);
  EXPECT_EQ(turns.pass(BootTime{7}), kNever);
  EXPECT_EQ(noted, (std::vector<int>{1, 2, 1})) << "who wants another turn waits in line again";
}

}  // namespace
}  // namespace latchkey::runtime
