// The mailbox's protocol on one thread, with doorbells that only count. mailbox_threads_test.cc tests it
// across threads.
#include "latchkey/runtime/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/task.h"

namespace latchkey::runtime {
namespace {

constexpr PortId kHere = 0;
constexpr PortId kThere = 1;

class CountingDoorbell final : public Doorbell {
 public:
  void wake(PortId to) noexcept override { rung_.push_back(to); }
  std::size_t count() const noexcept { return rung_.size(); }
  PortId last() const noexcept { return rung_.back(); }

 private:
  std::vector<PortId> rung_;
};

/// Records the port on which it works and that it has come home.
class Note final : public Message {
 public:
  void work(Port& there) noexcept override {
    worked_at = there.id();
    if (finish_at_once) there.finish(*this);
  }
  void done() noexcept override { ++times_home; }

  bool finish_at_once = true;
  std::optional<PortId> worked_at;
  int times_home = 0;
};

class MailboxTest : public ::testing::Test {
 protected:
  MailboxTest() {
    here_.set_doorbell(&here_bell_);
    there_.set_doorbell(&there_bell_);
  }

  Mailbox mailbox_{2, 4};
  Port& here_ = mailbox_.port(kHere);
  Port& there_ = mailbox_.port(kThere);
  CountingDoorbell here_bell_;
  CountingDoorbell there_bell_;
};

TEST_F(MailboxTest, AMessageWorksThereAndIsDoneHere) {
  Note note;
  ASSERT_TRUE(here_.send(kThere, note));
  EXPECT_EQ(here_bell_.last(), kThere);
  EXPECT_FALSE(note.worked_at.has_value());
  EXPECT_EQ(there_.drain(), 1U);
  EXPECT_EQ(note.worked_at, kThere);
  EXPECT_EQ(there_bell_.last(), kHere);
  EXPECT_EQ(note.times_home, 0);
  EXPECT_EQ(here_.drain(), 1U);
  EXPECT_EQ(note.times_home, 1);
}

TEST_F(MailboxTest, TheDoorbellRingsOnceUntilTheOtherSideHasDrained) {
  std::vector<Note> notes(3);
  ASSERT_TRUE(here_.send(kThere, notes[0]));
  ASSERT_TRUE(here_.send(kThere, notes[1]));
  EXPECT_EQ(here_bell_.count(), 1U);
  EXPECT_EQ(there_.drain(), 2U);
  EXPECT_EQ(there_bell_.count(), 1U);
  ASSERT_TRUE(here_.send(kThere, notes[2]));
  EXPECT_EQ(here_bell_.count(), 2U);
  there_.drain();
  EXPECT_EQ(here_.drain(), 3U);
}

TEST_F(MailboxTest, TheSenderSeesAFullWayUntilAMessageIsHome) {
  std::vector<Note> notes(4);
  for (Note& note : notes) ASSERT_TRUE(here_.send(kThere, note));
  Note refused;
  EXPECT_FALSE(here_.send(kThere, refused));
  // It is not enough that the message has worked: its way home must stay free.
  there_.drain();
  EXPECT_FALSE(here_.send(kThere, refused));
  here_.drain();
  EXPECT_TRUE(here_.send(kThere, refused));
  there_.drain();
  here_.drain();
  EXPECT_EQ(refused.times_home, 1);
}

TEST_F(MailboxTest, AFullWayDoesNotCloseTheOtherWays) {
  std::vector<Note> notes(6);
  for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(here_.send(kThere, notes[i]));
  EXPECT_TRUE(here_.send(kHere, notes[4]));
  EXPECT_TRUE(there_.send(kHere, notes[5]));
  there_.drain();
  here_.drain();
  there_.drain();
  here_.drain();
  for (const Note& note : notes) EXPECT_EQ(note.times_home, 1);
}

TEST_F(MailboxTest, AMessageToOneselfComesHomeInAnotherDrain) {
  Note note;
  ASSERT_TRUE(here_.send(kHere, note));
  EXPECT_EQ(here_bell_.last(), kHere);
  EXPECT_EQ(here_.drain(), 1U);
  EXPECT_EQ(note.worked_at, kHere);
  EXPECT_EQ(here_bell_.count(), 2U);
  EXPECT_EQ(here_.drain(), 1U);
  EXPECT_EQ(note.times_home, 1);
}

TEST_F(MailboxTest, AMessageMayFinishLongAfterItWorked) {
  Note slow;
  Note quick;
  slow.finish_at_once = false;
  ASSERT_TRUE(here_.send(kThere, slow));
  ASSERT_TRUE(here_.send(kThere, quick));
  there_.drain();
  here_.drain();
  EXPECT_EQ(slow.times_home, 0);
  EXPECT_EQ(quick.times_home, 1);
  there_.finish(slow);
  here_.drain();
  EXPECT_EQ(slow.times_home, 1);
}

TEST_F(MailboxTest, ADoorbellThatFailedIsRungAgain) {
  Note note;
  ASSERT_TRUE(here_.send(kThere, note));
  EXPECT_FALSE(here_.owes_wakes());
  here_.wake_failed(kThere);
  EXPECT_TRUE(here_.owes_wakes());
  here_.wake_again();
  EXPECT_EQ(here_bell_.count(), 2U);
  EXPECT_FALSE(here_.owes_wakes());
  here_.wake_again();
  EXPECT_EQ(here_bell_.count(), 2U);
  there_.drain();
  here_.drain();
}

/// Sends itself again whenever it comes home.
class Again final : public Message {
 public:
  explicit Again(Port& home) noexcept : home_(home) {}
  void work(Port& there) noexcept override { there.finish(*this); }
  void done() noexcept override {
    if (++times_home == 1000) return;
    const bool sent = home_.send(home_.id(), *this);
    LATCHKEY_ASSERT(sent);
  }
  int times_home = 0;

 private:
  Port& home_;
};

TEST_F(MailboxTest, ADrainEndsThoughItsMessagesSendMore) {
  std::vector<std::unique_ptr<Again>> messages;
  for (int i = 0; i < 4; ++i) {
    messages.push_back(std::make_unique<Again>(here_));
    ASSERT_TRUE(here_.send(kHere, *messages.back()));
  }
  std::size_t most = 0;
  while (const std::size_t ran = here_.drain()) most = std::max(most, ran);
  EXPECT_LE(most, 8U);
  for (const auto& message : messages) EXPECT_EQ(message->times_home, 1000);
}

Task<void> ask(Port& from, PortId to, int value, std::vector<std::string>& answers) {
  auto asked = call(
      from, to, [value](Port& there) { return std::to_string(value) + "@" + std::to_string(there.id()); });
  const Result<std::string> answer = co_await asked;
  answers.push_back(answer ? *answer : answer.error().text);
}

TEST_F(MailboxTest, ACallGivesWhatItsFunctionReturnedThere) {
  std::vector<std::string> answers;
  Nursery nursery;
  nursery.spawn(ask(here_, kThere, 42, answers));
  EXPECT_TRUE(answers.empty());
  there_.drain();
  EXPECT_TRUE(answers.empty());
  here_.drain();
  EXPECT_EQ(answers, std::vector<std::string>{"42@1"});
}

TEST_F(MailboxTest, ACallOnAFullWayFailsAtOnceAsOverloaded) {
  std::vector<std::string> answers;
  Nursery nursery;
  for (int i = 0; i < 5; ++i) nursery.spawn(ask(here_, kThere, i, answers));
  EXPECT_EQ(answers, std::vector<std::string>{"the way to another thread is full"});
  there_.drain();
  here_.drain();
  EXPECT_EQ(answers.size(), 5U);
}

Task<int> ask_back(Port& there, PortId home) {
  auto asked = call(there, home, [](Port& port) { return static_cast<int>(port.id()) + 100; });
  const Result<int> answer = co_await asked;
  co_return answer.value_or(-1);
}

Task<void> ask_task(Port& from, PortId to, std::optional<int>& value) {
  auto asked = call_task(from, to, [](Port& there) { return ask_back(there, kHere); });
  const Result<int> answer = co_await asked;
  value = answer.value_or(-2);
}

TEST_F(MailboxTest, ATaskThatIsCalledThereMayWaitThere) {
  std::optional<int> value;
  Nursery nursery;
  nursery.spawn(ask_task(here_, kThere, value));
  there_.drain();
  EXPECT_EQ(there_.nursery().running(), 1U);
  here_.drain();
  there_.drain();
  EXPECT_EQ(there_.nursery().running(), 0U);
  EXPECT_FALSE(value.has_value());
  here_.drain();
  EXPECT_EQ(value, 100);
}

}  // namespace
}  // namespace latchkey::runtime
