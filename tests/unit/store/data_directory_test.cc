#include "latchkey/store/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "latchkey/store/schema.h"
#include "support/temporary_directory.h"

namespace latchkey::store {
namespace {

using test::TemporaryDirectory;

DirectoryOptions creating() { return {.create = true}; }

void write_file(const std::string& path, std::string_view text = "") {
  std::ofstream(path, std::ios::binary) << text;
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
}

/// Expects a refusal whose sentence contains all `parts`.
void expect_refused(const std::filesystem::path& path, const DirectoryOptions& options,
                    std::initializer_list<std::string> parts) {
  const Result<DirectoryFindings> inspected = DataDirectory::inspect(path, options);
  const Result<DataDirectory> opened = DataDirectory::open(path, "latchkeyd", options);
  ASSERT_FALSE(inspected.has_value());
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().text, inspected.error().text);
  for (const std::string& part : parts) {
    EXPECT_NE(opened.error().text.find(part), std::string::npos) << part << " in: " << opened.error().text;
  }
}

TEST(DataDirectory, IsCreatedForItsOwnerAloneWhateverTheUmask) {
  const TemporaryDirectory scratch;
  const mode_t before = ::umask(0);
  const Result<DataDirectory> directory = DataDirectory::open(scratch / "a/", "latchkeyd", creating());
  ::umask(before);
  ASSERT_TRUE(directory.has_value());
  struct stat status {};
  ASSERT_EQ(::stat((scratch / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, mode_t{0700});
  EXPECT_TRUE(directory->may_create_database());
  EXPECT_TRUE(directory->sync().has_value());
}

TEST(DataDirectory, ThatIsMissingIsNotMadeUnlessItMayBe) {
  const TemporaryDirectory scratch;
  expect_refused(scratch / "a", {}, {scratch / "a", "--create", "--data"});
  EXPECT_FALSE(std::filesystem::exists(scratch / "a"));
}

TEST(DataDirectory, IsMadeAloneAndNotTheDirectoriesAboveIt) {
  const TemporaryDirectory scratch;
  const Result<DataDirectory> refused = DataDirectory::open(scratch / "a/b", "latchkeyd", creating());
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().text.find("above it"), std::string::npos) << refused.error().text;
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST(DataDirectory, WithoutADatabaseStaysAsItIs) {
  const TemporaryDirectory scratch;
  expect_refused(scratch.path(), {}, {scratch / "latchkey.db", "--create"});
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path())) << "no lock either";
  write_file(scratch / "latchkey.db");
  expect_refused(scratch.path(), {}, {scratch / "latchkey.db", "--create"});
  EXPECT_FALSE(std::filesystem::exists(scratch / "latchkeyd.lock"));
}

TEST(DataDirectory, WhoseDatabaseIsMissingOrEmptyBesideItsKeyIsRefusedEvenWhereItMayBeMade) {
  for (const bool is_there : {false, true}) {
    for (const std::string trace : {"latchkey.key", "latchkey.db-wal", "other.key"}) {
      const TemporaryDirectory scratch;
      write_file(scratch / trace.c_str(), "root = ...\n");
      if (is_there) write_file(scratch / "latchkey.db");
      const DirectoryOptions options{.create = true, .key_file = scratch / "other.key"};
      expect_refused(scratch.path(), options, {scratch / "latchkey.db", scratch / trace.c_str(), "backup"});
      EXPECT_EQ(std::filesystem::exists(scratch / "latchkey.db"), is_there);
      EXPECT_FALSE(std::filesystem::exists(scratch / "latchkeyd.lock"));
    }
  }
}

TEST(DataDirectory, MayBeMadeWhereItsKeyIsKeptElsewhere) {
  const TemporaryDirectory scratch;
  const TemporaryDirectory elsewhere;
  write_file(elsewhere / "latchkey.key", "root = ...\n");
  const DirectoryOptions options{.create = true, .key_file = elsewhere / "latchkey.key"};
  const Result<DataDirectory> opened = DataDirectory::open(scratch.path(), "latchkeyd", options);
  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE(opened->may_create_database());
}

TEST(DataDirectory, ADatabaseWithoutTablesBesideAKeyMayNotBeGivenAny) {
  const TemporaryDirectory scratch;
  // The rest of a database whose log was not copied with it.
  { ASSERT_TRUE(Database::open(scratch / "latchkey.db").has_value()); }
  write_file(scratch / "latchkey.key", "root = ...\n");
  const Result<DataDirectory> opened = DataDirectory::open(scratch.path(), "latchkeyd", creating());
  ASSERT_TRUE(opened.has_value());
  EXPECT_FALSE(opened->may_create_database());
  const Result<Database> refused = open_database(scratch / "latchkey.db", {.may_create = false});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  EXPECT_NE(refused.error().text.find("backup"), std::string::npos) << refused.error().text;
}

TEST(DataDirectory, TellsWhoHoldsItAndWhereThatListens) {
  const TemporaryDirectory scratch;
  {
    const Result<DataDirectory> holder = DataDirectory::open(scratch.path(), "latchkeyd", creating());
    ASSERT_TRUE(holder.has_value());
    holder->note_endpoints({"127.0.0.1:1", "[::1]:2"});
    const Result<DirectoryFindings> found = DataDirectory::inspect(scratch.path(), creating());
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->holder, fmt::format("latchkeyd (pid {})", ::getpid()));
    EXPECT_EQ(found->endpoints, (std::vector<std::string>{"127.0.0.1:1", "[::1]:2"}));
  }
  const Result<DirectoryFindings> found = DataDirectory::inspect(scratch.path(), creating());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->holder, "");
  EXPECT_TRUE(found->endpoints.empty());
  EXPECT_TRUE(DataDirectory::open(scratch.path(), "latchkeyd", creating()).has_value())
      << "a look holds nothing";
}

TEST(DataDirectory, RefusesASecondHolderAndNamesTheFirst) {
  const TemporaryDirectory scratch;
  const Result<DataDirectory> first = DataDirectory::open(scratch.path(), "latchkeyd", creating());
  ASSERT_TRUE(first.has_value());
  const Result<DataDirectory> second = DataDirectory::open(scratch.path(), "latchkeyd", creating());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  const std::string holder = fmt::format("latchkeyd (pid {})", ::getpid());
  EXPECT_NE(second.error().text.find(holder), std::string::npos) << second.error().text;
}

TEST(DataDirectory, IsFreeAgainWhenItsHolderHasGone) {
  const TemporaryDirectory scratch;
  { const Result<DataDirectory> first = DataDirectory::open(scratch.path(), "latchkeyd", creating()); }
  EXPECT_TRUE(DataDirectory::open(scratch.path(), "latchkey", creating()).has_value());
}

TEST(DataDirectory, SaysWhatStandsInTheWayWhereAFileHasItsName) {
  const TemporaryDirectory scratch;
  const int file = ::open((scratch / "a").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  ::close(file);
  const Result<DataDirectory> refused = DataDirectory::open(scratch / "a", "latchkeyd");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().text.find("Not a directory"), std::string::npos) << refused.error().text;
}

}  // namespace
}  // namespace latchkey::store
