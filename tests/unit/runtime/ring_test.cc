#include "latchkey/runtime/ring.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "support/loop_rig.h"

namespace latchkey::runtime {
namespace {

class Recorder final : public Operation {
 public:
  void complete(std::int32_t result, std::uint32_t flags) noexcept override {
    ++completions;
    last_result = result;
    last_flags = flags;
  }
  int completions = 0;
  std::int32_t last_result = 0;
  std::uint32_t last_flags = 0;
};

constexpr std::array<std::uint8_t, 4> kOperations = {IORING_OP_NOP, IORING_OP_RECV, IORING_OP_MSG_RING,
                                                     IORING_OP_ASYNC_CANCEL};

std::unique_ptr<Ring> make_enabled_ring(unsigned submission_entries = 8, unsigned completion_entries = 16) {
  RingSettings settings;
  settings.submission_entries = submission_entries;
  settings.completion_entries = completion_entries;
  settings.operations = kOperations;
  Result<std::unique_ptr<Ring>> ring = Ring::create(settings);
  LATCHKEY_ASSERT(ring.has_value());
  LATCHKEY_ASSERT((*ring)->enable().has_value());
  return std::move(*ring);
}

void no_operation(io_uring_sqe& entry) { io_uring_prep_nop(&entry); }

TEST(Ring, AnOperationOnTheListRuns) {
  const std::unique_ptr<Ring> ring = make_enabled_ring();
  Recorder recorder;
  ring->start(&recorder, no_operation);
  ring->wait(-1);
  EXPECT_FALSE(ring->run_completions());
  EXPECT_EQ(recorder.completions, 1);
  EXPECT_EQ(recorder.last_result, 0);
}

class Preview final : public BatchPreview {
 public:
  explicit Preview(const std::vector<Recorder>& recorders) : recorders_(recorders) {}
  void coming(std::int32_t result, std::uint32_t) noexcept override { results.push_back(result); }
  void all_seen() noexcept override {
    ++batches;
    for (const Recorder& recorder : recorders_) completed_before_seen += recorder.completions;
  }
  std::vector<std::int32_t> results;
  int batches = 0;
  int completed_before_seen = 0;

 private:
  const std::vector<Recorder>& recorders_;
};

TEST(Ring, ABatchIsShownWholeBeforeItsFirstCompletionRuns) {
  const std::unique_ptr<Ring> ring = make_enabled_ring();
  std::vector<Recorder> recorders(4);
  Preview preview(recorders);
  ring->set_preview(preview);
  for (Recorder& recorder : recorders) ring->start(&recorder, no_operation);
  ring->wait(-1);
  ring->run_completions();
  EXPECT_EQ(preview.batches, 1);
  EXPECT_EQ(preview.results, std::vector<std::int32_t>(4, 0));
  EXPECT_EQ(preview.completed_before_seen, 0);
  for (const Recorder& recorder : recorders) EXPECT_EQ(recorder.completions, 1);
}

TEST(Ring, AnyOtherOperationIsRefusedByTheKernel) {
  const std::unique_ptr<Ring> ring = make_enabled_ring();
  Recorder open;
  Recorder allowed;
  ring->start(&open,
              [](io_uring_sqe& entry) { io_uring_prep_openat(&entry, AT_FDCWD, "/etc/passwd", 0, 0); });
  ring->start(&allowed, no_operation);
  while (allowed.completions == 0) {
    ring->wait(-1);
    ring->run_completions();
  }
  EXPECT_EQ(open.last_result, -EACCES);
  // The batch behind the refused entry has still run.
  EXPECT_EQ(allowed.last_result, 0);
}

TEST(Ring, FlagsThatAreNotOnTheListAreRefusedToo) {
  const std::unique_ptr<Ring> ring = make_enabled_ring();
  Recorder linked;
  ring->start(&linked, [](io_uring_sqe& entry) {
    io_uring_prep_nop(&entry);
    entry.flags |= IOSQE_IO_LINK;
  });
  ring->wait(-1);
  ring->run_completions();
  EXPECT_EQ(linked.last_result, -EACCES);
}

TEST(Ring, AnEnabledRingTakesNoMoreRegistrations) {
  const std::unique_ptr<Ring> ring = make_enabled_ring();
  std::array<int, 1> files = {0};
  EXPECT_EQ(uring_register(ring->fd(), IORING_REGISTER_FILES, files.data(), 1), -EACCES);
}

TEST(Ring, MoreIsStartedThanTheSubmissionQueueHolds) {
  const std::unique_ptr<Ring> ring = make_enabled_ring(8, 16);
  std::vector<Recorder> recorders(500);
  for (Recorder& recorder : recorders) ring->start(&recorder, no_operation);
  // Far more completions than the completion queue holds: the kernel keeps the rest.
  for (int i = 0; i < 100 && recorders.back().completions == 0; ++i) {
    ring->wait(0);
    ring->run_completions();
  }
  for (const Recorder& recorder : recorders) EXPECT_EQ(recorder.completions, 1);
}

TEST(Ring, AWaitEndsWhenItsTimeIsUp) {
  const std::unique_ptr<Ring> ring = make_enabled_ring();
  ring->wait(0);
  ring->wait(1);
  EXPECT_FALSE(ring->run_completions());
}

TEST(Ring, ACancelledOperationIsCompletedAsCancelled) {
  const std::unique_ptr<Ring> ring = make_enabled_ring();
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  std::array<char, 8> buffer{};
  Recorder receive;
  ring->start(&receive,
              [&](io_uring_sqe& entry) { io_uring_prep_recv(&entry, ends[0], buffer.data(), 8, 0); });
  ring->wait(0);
  ring->run_completions();
  EXPECT_EQ(receive.completions, 0);
  ring->cancel(receive);
  while (receive.completions == 0) {
    ring->wait(-1);
    ring->run_completions();
  }
  EXPECT_EQ(receive.last_result, -ECANCELED);
  // There is nothing left to cancel. That is no error, and nobody is notified.
  ring->cancel(receive);
  ring->wait(1);
  ring->run_completions();
  EXPECT_EQ(receive.completions, 1);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Ring, ADoorbellIsHeardByTheOtherRingAndByNobodyElse) {
  const std::unique_ptr<Ring> one = make_enabled_ring();
  const std::unique_ptr<Ring> two = make_enabled_ring();
  Recorder failed;
  one->wake(two->fd(), failed);
  one->submit();
  two->wait(-1);
  EXPECT_TRUE(two->run_completions());
  EXPECT_FALSE(two->run_completions());
  one->wait(1);
  EXPECT_FALSE(one->run_completions());
  EXPECT_EQ(failed.completions, 0);
}

TEST(Ring, ADoorbellToARingThatIsNotEnabledFailsAndTheSenderHears) {
  const std::unique_ptr<Ring> one = make_enabled_ring();
  const std::unique_ptr<Ring> disabled = test::make_ring();
  Recorder failed;
  one->wake(disabled->fd(), failed);
  one->wait(-1);
  EXPECT_FALSE(one->run_completions());
  EXPECT_EQ(failed.last_result, -EBADFD);
}

/// From here on the kernel answers io_uring_setup with `error`, as under a container's seccomp profile.
void deny_io_uring(int error) {
  std::array<sock_filter, 4> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) std::perror("seccomp");
}

[[noreturn]] void print_refusal_and_exit() {
  const Result<std::unique_ptr<Ring>> ring = Ring::create(RingSettings{});
  std::fputs(ring ? "it was allowed" : ring.error().text.c_str(), stderr);
  std::_Exit(ring ? 1 : 0);
}

[[noreturn]] void create_where_denied(int error) {
  deny_io_uring(error);
  print_refusal_and_exit();
}

[[noreturn]] void create_without_descriptors() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_NOFILE, &none);
  print_refusal_and_exit();
}

TEST(RingDeathTest, WhereASandboxForbidsItTheSentenceSaysWhatToAllow) {
  EXPECT_EXIT(create_where_denied(EPERM), ::testing::ExitedWithCode(0),
              "io_uring is forbidden \\(EPERM\\): allow io_uring_setup.*kernel.io_uring_disabled");
}

TEST(RingDeathTest, WhereASandboxHidesItTheSentenceSaysWhatToAllow) {
  EXPECT_EXIT(create_where_denied(ENOSYS), ::testing::ExitedWithCode(0),
              "io_uring is not available \\(ENOSYS\\):.*Linux 6.1 or later.*seccomp profile");
}

TEST(RingDeathTest, WhereTheKernelIsTooOldTheSentenceNamesTheFloor) {
  EXPECT_EXIT(create_where_denied(EINVAL), ::testing::ExitedWithCode(0),
              "too old; run on Linux 6.1 or later");
}

TEST(RingDeathTest, WithoutAFreeDescriptorTheSentenceNamesTheLimit) {
  EXPECT_EXIT(create_without_descriptors(), ::testing::ExitedWithCode(0),
              "raise the limit on open files \\(LimitNOFILE= or ulimit -n\\)");
}

}  // namespace
}  // namespace latchkey::runtime
