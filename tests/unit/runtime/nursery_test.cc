#include "latchkey/runtime/nursery.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/one_shot.h"

namespace latchkey::runtime {
namespace {

using test::OneShot;

Task<void> note(std::string& log, char name, OneShot<bool>& until) {
  log.push_back(name);
  co_await until;
  log.push_back(static_cast<char>(name - 'a' + 'A'));
}

Task<void> join(Nursery& nursery, bool& joined) {
  co_await nursery.join();
  joined = true;
}

TEST(Nursery, ChildrenStartAtOnceAndJoinWaitsForTheLast) {
  std::string log;
  OneShot<bool> a;
  OneShot<bool> b;
  bool joined = false;
  Nursery children;
  Nursery parents;
  children.spawn(note(log, 'a', a));
  children.spawn(note(log, 'b', b));
  EXPECT_EQ(log, "ab");
  parents.spawn(join(children, joined));
  EXPECT_EQ(children.running(), 2U);
  b.set(true);
  EXPECT_FALSE(joined);
  a.set(true);
  EXPECT_TRUE(joined);
  EXPECT_EQ(log, "abBA");
}

TEST(Nursery, JoinOfNobodyGoesOnAtOnce) {
  bool joined = false;
  Nursery children;
  Nursery parents;
  parents.spawn(join(children, joined));
  EXPECT_TRUE(joined);
}

TEST(Nursery, AChildSpawnedDuringAJoinIsWaitedForToo) {
  std::string log;
  OneShot<bool> a;
  OneShot<bool> b;
  bool joined = false;
  Nursery children;
  Nursery parents;
  children.spawn(note(log, 'a', a));
  parents.spawn(join(children, joined));
  children.spawn(note(log, 'b', b));
  a.set(true);
  EXPECT_FALSE(joined);
  b.set(true);
  EXPECT_TRUE(joined);
}

Task<void> own_children(OneShot<bool>& until, std::string& log) {
  const auto nursery = std::make_unique<Nursery>();
  nursery->spawn(note(log, 'c', until));
  co_await nursery->join();
}

// The end of the last child resumes the parent, which destroys the nursery while that child is still
// finishing.
TEST(Nursery, AJoinedParentMayDestroyTheNurseryAtOnce) {
  std::string log;
  OneShot<bool> until;
  Nursery parents;
  parents.spawn(own_children(until, log));
  EXPECT_EQ(parents.running(), 1U);
  until.set(true);
  EXPECT_EQ(parents.running(), 0U);
  EXPECT_EQ(log, "cC");
}

TEST(NurseryDeathTest, DestroyingOneWithAChildRunningIsABug) {
  EXPECT_DEATH(
      {
        std::string log;
        OneShot<bool> until;
        Nursery children;
        children.spawn(note(log, 'a', until));
      },
      "running_ == 0");
}

}  // namespace
}  // namespace latchkey::runtime
