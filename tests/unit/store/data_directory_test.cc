#include "latchkey/store/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_rig.h"

namespace latchkey::store {
namespace {

TEST(DataDirectory, IsCreatedWithItsParentsForItsOwnerAlone) {
  const ScratchDirectory scratch;
  const Result<DataDirectory> directory = DataDirectory::open(scratch / "a/b", "latchkeyd");
  ASSERT_TRUE(directory.has_value());
  struct stat status {};
  ASSERT_EQ(::stat((scratch / "a/b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, mode_t{0700});
  EXPECT_TRUE(directory->sync().has_value());
}

TEST(DataDirectory, RefusesASecondHolderAndNamesTheFirst) {
  const ScratchDirectory scratch;
  const Result<DataDirectory> first = DataDirectory::open(scratch.path(), "latchkeyd");
  ASSERT_TRUE(first.has_value());
  const Result<DataDirectory> second = DataDirectory::open(scratch.path(), "latchkeyd");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  const std::string holder = fmt::format("latchkeyd (pid {})", ::getpid());
  EXPECT_NE(second.error().text.find(holder), std::string::npos) << second.error().text;
}

TEST(DataDirectory, IsFreeAgainWhenItsHolderHasGone) {
  const ScratchDirectory scratch;
  { const Result<DataDirectory> first = DataDirectory::open(scratch.path(), "latchkeyd"); }
  EXPECT_TRUE(DataDirectory::open(scratch.path(), "latchkey").has_value());
}

TEST(DataDirectory, SaysWhatStandsInTheWayWhereAFileHasItsName) {
  const ScratchDirectory scratch;
  const int file = ::open((scratch / "a").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  ::close(file);
  const Result<DataDirectory> refused = DataDirectory::open(scratch / "a", "latchkeyd");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().text.find("Not a directory"), std::string::npos) << refused.error().text;
}

}  // namespace
}  // namespace latchkey::store
