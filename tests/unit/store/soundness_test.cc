#include "latchkey/store/soundness.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "latchkey/store/schema.h"
#include "support/store_rig.h"
#include "support/temporary_directory.h"

namespace latchkey::store {
namespace {

using test::must_open;
using test::TemporaryDirectory;

class SoundnessTest : public ::testing::Test {
 protected:
  SoundnessTest() : directory(DataDirectory::open(scratch.path(), "test", {.create = true}).value()) {}

  Database open() const { return must_open(directory.database_path().string()); }

  /// Changes a page that no start reads, like a disk that has lost a write.
  void damage() const {
    {
      Database database = open();
      ASSERT_TRUE(
          database.execute("CREATE TABLE spare(x); INSERT INTO spare VALUES(zeroblob(3000))").has_value());
    }
    const std::filesystem::path path = directory.database_path();
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path)) - 4096);
    file << std::string(4096, '\xff');
  }

  TemporaryDirectory scratch;
  DataDirectory directory;
};

TEST_F(SoundnessTest, ChecksNothingWithoutTheMark) {
  damage();
  Database database = open();
  EXPECT_FALSE(check_if_distrusted(database, directory).value());
}

TEST_F(SoundnessTest, ChecksOnceWhereTheMarkIsAndTakesItAway) {
  Database database = open();
  distrust_database(directory);
  EXPECT_TRUE(check_if_distrusted(database, directory).value());
  EXPECT_FALSE(check_if_distrusted(database, directory).value());
}

TEST_F(SoundnessTest, CallsADamagedFileFatalAndKeepsTheMark) {
  damage();
  distrust_database(directory);
  for (int start = 0; start < 2; ++start) {
    Database database = open();
    const Result<bool> checked = check_if_distrusted(database, directory);
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().code, ErrorCode::kFatal);
    EXPECT_NE(checked.error().text.find("is damaged"), std::string::npos) << checked.error().text;
    EXPECT_NE(checked.error().text.find("restore a backup"), std::string::npos) << checked.error().text;
  }
}

}  // namespace
}  // namespace latchkey::store
