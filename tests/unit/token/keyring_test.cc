#include "latchkey/token/keyring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "latchkey/token/key_rotation.h"
#include "support/temporary_directory.h"

namespace latchkey::token {
namespace {

class KeyringTest : public ::testing::Test {
 protected:
  std::string text() const {
    std::ifstream file(path_);
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
  }
  void write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(path_) << text;
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
  }
  static std::string line(char digit) { return "root = " + std::string(64, digit) + "\n"; }

  test::TemporaryDirectory directory_;
  std::string path_ = directory_ / "key";
  SystemRandom random_;
};

const store::SessionId kSession{1, 2, 3};

TEST_F(KeyringTest, ANewKeyFileIsTheOwnersAloneAndLoadsAsTheSameKeys) {
  const Keyring made = Keyring::create(path_, random_).value();
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  const Keyring loaded = Keyring::load(path_).value();
  EXPECT_EQ(loaded.fingerprint(), made.fingerprint());
  EXPECT_EQ(loaded.fingerprint().size(), 32U);
  EXPECT_EQ(loaded.sign(1, kSession), made.sign(1, kSession));
  EXPECT_EQ(loaded.tag_of(42), made.tag_of(42));
  EXPECT_EQ(loaded.signing_number(), 1);
}

TEST_F(KeyringTest, AKeyFileThatIsThereIsNeverOverwritten) {
  ASSERT_TRUE(Keyring::create(path_, random_));
  const std::string before = text();
  const Result<Keyring> again = Keyring::create(path_, random_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
  EXPECT_EQ(text(), before);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(KeyringTest, AFileLeftByACrashInTheMiddleOfWritingIsNoHindrance) {
  std::ofstream(path_ + ".new") << "root = 12";
  EXPECT_TRUE(Keyring::create(path_, random_));
  EXPECT_TRUE(Keyring::load(path_));
}

TEST_F(KeyringTest, TwoNewKeyFilesHaveNothingInCommon) {
  const Keyring one = Keyring::create(path_, random_).value();
  const Keyring other = Keyring::create(path_ + "2", random_).value();
  EXPECT_NE(one.fingerprint(), other.fingerprint());
  EXPECT_NE(one.sign(1, kSession), other.sign(1, kSession));
}

TEST_F(KeyringTest, AMissingFileIsSaidByName) {
  const Result<Keyring> loaded = Keyring::load(path_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kNotFound);
  EXPECT_NE(loaded.error().text.find(path_), std::string::npos) << loaded.error().text;
}

TEST_F(KeyringTest, AFileThatOthersMayReadIsRefusedWithTheWayOut) {
  ASSERT_TRUE(Keyring::create(path_, random_));
  for (const mode_t mode : {0640U, 0604U, 0660U}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    const Result<Keyring> loaded = Keyring::load(path_);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::kInvalid);
    EXPECT_NE(loaded.error().text.find("chmod 600 " + path_), std::string::npos) << loaded.error().text;
  }
  ASSERT_EQ(chmod(path_.c_str(), 0400), 0);
  EXPECT_TRUE(Keyring::load(path_));
}

TEST_F(KeyringTest, ADamagedFileIsRefusedWithoutTellingItsContent) {
  for (const std::string& damaged :
       {std::string(), line('a'), std::string("signing = 1\n"), line('g') + "signing = 1\n",
        line('a') + "signing = 0\n", line('a') + "signing = 256\n", line('a') + "signing = 1x\n",
        line('a') + line('a') + "signing = 1\n", line('a') + "signing = 1\nother = 2\n",
        std::string("root = aa\nsigning = 1\n"), line('a') + "signing\n"}) {
    write(damaged);
    const Result<Keyring> loaded = Keyring::load(path_);
    ASSERT_FALSE(loaded) << damaged;
    EXPECT_EQ(loaded.error().code, ErrorCode::kInvalid);
    EXPECT_NE(loaded.error().text.find(path_), std::string::npos);
    EXPECT_EQ(loaded.error().text.find("aaaa"), std::string::npos) << loaded.error().text;
  }
}

TEST_F(KeyringTest, BlankLinesCommentsAndALastLineWithoutItsEndAreFine) {
  write("# a comment\n\n  root=" + std::string(64, 'b') + "  \r\nsigning = 7");
  const Result<Keyring> loaded = Keyring::load(path_);
  ASSERT_TRUE(loaded) << loaded.error().text;
  EXPECT_EQ(loaded->signing_number(), 7);
}

TEST_F(KeyringTest, ADirectoryIsNoKeyFile) {
  const Result<Keyring> loaded = Keyring::load(directory_.path());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kInvalid);
}

TEST_F(KeyringTest, RotatingGoesToTheNextSigningKeyAndKeepsAllElse) {
  const Keyring before = Keyring::create(path_, random_).value();
  const Result<KeyRotation> done = rotate_key(path_, 1, before.fingerprint());
  ASSERT_TRUE(done.has_value()) << done.error().text;
  EXPECT_EQ(done->signing, 2);
  EXPECT_TRUE(done->unwritten.empty());
  const Keyring after = Keyring::load(path_).value();
  EXPECT_EQ(after.signing_number(), 2);
  EXPECT_EQ(after.fingerprint(), before.fingerprint());
  EXPECT_EQ(after.tag_of(9), before.tag_of(9));
  EXPECT_EQ(after.sign(1, kSession), before.sign(1, kSession));
  EXPECT_NE(after.sign(2, kSession), before.sign(1, kSession));
  EXPECT_EQ(after.binding_hash(kSession), before.binding_hash(kSession));
  EXPECT_EQ(after.known_address_hash(kSession), before.known_address_hash(kSession));
}

TEST_F(KeyringTest, RotatesToANumberThatWasNeverInUse) {
  write(line('c') + "signing = 3\n");
  EXPECT_EQ(rotate_key(path_, 7, "")->signing, 8);
  EXPECT_EQ(rotate_key(path_, 2, "")->signing, 9);
}

TEST_F(KeyringTest, RotatesNoKeyButTheOneInUse) {
  write(line('c') + "signing = 3\n");
  const Result<KeyRotation> rotated = rotate_key(path_, 3, std::string(32, '0'));
  ASSERT_FALSE(rotated);
  EXPECT_EQ(rotated.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(Keyring::load(path_)->signing_number(), 3);
}

TEST_F(KeyringTest, SignsWithAnotherNumberAsSoonAsItIsTold) {
  const Keyring keyring = Keyring::create(path_, random_).value();
  keyring.sign_with(9);
  EXPECT_EQ(keyring.signing_number(), 9);
}

TEST_F(KeyringTest, AfterTheLastSigningKeyThereIsNoNext) {
  write(line('c') + "signing = 255\n");
  const Result<KeyRotation> rotated = rotate_key(path_, 1, "");
  ASSERT_FALSE(rotated);
  EXPECT_EQ(rotated.error().code, ErrorCode::kConflict);
  EXPECT_EQ(Keyring::load(path_)->signing_number(), 255);
}

TEST_F(KeyringTest, EverySigningNumberGivesAnotherSecret) {
  const Keyring keyring = Keyring::create(path_, random_).value();
  std::set<Secret> secrets;
  for (int number = 1; number <= kMaxSigningNumber; ++number) {
    secrets.insert(keyring.sign(static_cast<std::uint8_t>(number), kSession));
  }
  EXPECT_EQ(secrets.size(), 255U);
}

TEST_F(KeyringTest, TheLookupHashDependsOnEveryByteOfTheToken) {
  const Keyring keyring = Keyring::create(path_, random_).value();
  const Secret secret = keyring.sign(1, kSession);
  std::set<store::LookupHash> hashes{keyring.lookup_hash(Token(1, secret)),
                                     keyring.lookup_hash(Token(2, secret))};
  for (std::size_t i = 0; i < secret.size(); ++i) {
    Secret other = secret;
    other[i] ^= 1;
    hashes.insert(keyring.lookup_hash(Token(1, other)));
  }
  EXPECT_EQ(hashes.size(), 20U);
}

TEST_F(KeyringTest, TheCsrfHashIsTheTokensAndNoOtherHash) {
  const Keyring keyring = Keyring::create(path_, random_).value();
  const Secret secret = keyring.sign(1, kSession);
  EXPECT_EQ(keyring.csrf_hash(Token(1, secret)), keyring.csrf_hash(Token(1, secret)));
  EXPECT_NE(keyring.csrf_hash(Token(1, secret)), keyring.csrf_hash(Token(2, secret)));
  EXPECT_NE(keyring.csrf_hash(Token(1, secret)), keyring.lookup_hash(Token(1, secret)));
}

// Tokens and databases contain these values: a change would lock out every client and every existing
// database.
TEST(KeyringDerivation, IsWhatItAlwaysWas) {
  KeyFile file;
  for (std::size_t i = 0; i < kRootKeyBytes; ++i) file.root.bytes()[i] = static_cast<std::uint8_t>(i);
  const Keyring keyring(file);
  EXPECT_EQ(keyring.fingerprint(), "6063095f304d4817c6ce7fff19f81447");
  EXPECT_EQ(keyring.tag_of(1), 17315);
  EXPECT_EQ(to_hex(keyring.sign(1, kSession)), "29c75151fa3edad8e16ed49425c628bea2f7");
  EXPECT_EQ(to_hex(keyring.sign(255, kSession)), "efc379cf69a944de6102ce8fd8129c0a67da");
  EXPECT_EQ(to_hex(keyring.lookup_hash(Token(0x1234, keyring.sign(1, kSession)))),
            "88e1d333a9002401328a2e6331413068");
  EXPECT_EQ(to_hex(keyring.binding_hash(kSession)), "877d597fbdc59a76a896615237aab302");
  EXPECT_EQ(to_hex(keyring.known_address_hash(kSession)), "78ee2457bfe14d0ccf663231956af40b");
}

}  // namespace
}  // namespace latchkey::token
