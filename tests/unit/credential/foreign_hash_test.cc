// Hashes in the spellings of other programs, made by those programs or with the libraries that they use.
#include "latchkey/credential/foreign_hash.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>

namespace latchkey::credential {
namespace {

constexpr HashSettings kCheap{.memory_bytes = kMinHashMemoryBytes, .passes = 1};
constexpr const char* kPassword = "l\xc3\xa8tmein";

struct Spelling {
  const char* name;
  const char* password;
  const char* given;
  const char* kind;  ///< of what is stored
  const char* weak = "";
};

constexpr Spelling kSpellings[] = {
    // From Debian's python3-argon2, and the reference implementation's own tests (phc-winner-argon2,
    // src/test.c),
    // with Django's front.
    {"DjangoArgon2i", "password",
     "argon2$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E",
     "$argon2i$v=19$m=256,t=2,p=2$"},
    {"DjangoArgon2id", "password",
     "argon2$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
     "$argon2id$v=19$m=256,t=2,p=2$"},
    {"LdapArgon2id", "password",
     "{ARGON2}$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
     "$argon2id$v=19$m=256,t=2,p=2$"},
    {"DjangoBcrypt", "U*U", "bcrypt$$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$2b$05$"},
    // The rest is from Python's hashlib and crypt, and from `openssl passwd -apr1`.
    {"DjangoPbkdf2Sha1", kPassword,
     "pbkdf2_sha1$30000$seasalt$6/5h7qgEePCUoe8yZfjlzi9SSaw=", "pbkdf2_sha1$30000$"},
    {"DjangoScrypt", kPassword,
     "scrypt$1024$seasalt$8$5$ozpUt/qDR/QLBzi9csaWJofO252yHC+Oxl5cycNUQkna/"
     "BBjumDq5KMXPAq1Xi3sxxGWxqtAlQmEE+DSWNl+FQ==",
     "$7$86....3...."},
    {"ModularPbkdf2Sha256", kPassword,
     "$pbkdf2-sha256$1000$.vv8/f7/AAAAAAAAAAAAAA$JOmenYGajFGCzyY3Jq3zgiq9tu1aJIuxYrr7VVW7Opw",
     "$pbkdf2-sha256$1000$"},
    {"LdapPbkdf2Sha512", kPassword,
     "{PBKDF2-SHA512}1000$.vv8/f7/AAAAAAAAAAAAAA$cpfyotaHDQXuOS1/"
     "hcb81tYuqXOckQ5ROVdj/jPakDwZUJ1TWU4cmxJFiMUZ9OCWLmdZ0Q3uwG9udUvubvAu8Q",
     "$pbkdf2-sha512$1000$"},
    {"LdapPbkdf2", kPassword, "{PBKDF2}1000$.vv8/f7/AAAAAAAAAAAAAA$HjFO6HelyR1LW4FRgcbfYaatbTQ",
     "$pbkdf2$1000$"},
    {"Sha256Crypt", kPassword, "$5$saltstring$VmYDfPvtBTeZMHMcc.g0h.YHgvhAjIQqGuyh0xpHtk0", "$5$"},
    {"Sha256CryptWithRounds", kPassword,
     "{CRYPT}$5$rounds=1000$saltstring$Km08H85XPP64cNB7MIYBbfh.2TZRH6icvHsPRlLVecC", "$5$rounds=1000$"},
    {"GostYescrypt", kPassword, "$gy$j75$LdJMENpBABJJ3hIHjB1Bi.$yw4z7IEALQT/orn4mLEqRX1TOMY8Isqv78lamcTv8b8",
     "$gy$j75$"},
    {"DjangoMd5", kPassword, "md5$seasalt$3f86d0d3d465b7b458c231bf3555c0e3", "wrapped_smd5$m=1024,t=1,p=1$",
     "smd5"},
    {"DjangoSha1", kPassword, "sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8",
     "wrapped_ssha1$m=1024,t=1,p=1$", "ssha1"},
    {"DjangoUnsaltedSha1", kPassword, "sha1$$6d138ca3ae545631b3abd71a4f076ce759c5700b",
     "wrapped_ssha1$m=1024,t=1,p=1$", "ssha1"},
    {"LdapSha", kPassword, "{SHA}bROMo65UVjGzq9caTwds51nFcAs=", "wrapped_sha1$m=1024,t=1,p=1$", "sha1"},
    {"LdapSaltedSha", kPassword, "{ssha}3lQyv8cbnV/nhmjP7ViiTeHpSmv6+/z9/v8AAAAAAAAAAAAA",
     "wrapped_sha1$m=1024,t=1,p=1$", "sha1"},
    {"LdapSaltedSha256", kPassword,
     "{SSHA256}390ooy0nclEk4kpma3TDKVzorMlKeHstCA/+ywJcnAH6+/z9/v8AAAAAAAAAAAAA",
     "wrapped_sha256$m=1024,t=1,p=1$", "sha256"},
    {"LdapSaltedSha512", kPassword,
     "{SSHA512}keQDqvIkFFjXQZEkS5kCkdr9pTnAQmNIRPo0oxppnb+"
     "tqUHwAw21IVaJeXvt0kgM5JtEHW2vwHSFIGQFhi45uvr7/P3+/wAAAAAAAAAAAAA=",
     "wrapped_sha512$m=1024,t=1,p=1$", "sha512"},
    {"LdapSaltedMd5", kPassword,
     "{SMD5}iTDKtc8vWcq/gbpaNnJX9Pr7/P3+/wAAAAAAAAAAAAA=", "wrapped_md5$m=1024,t=1,p=1$", "md5"},
    {"Apr1", kPassword, "$apr1$saltstri$HuxvQMjgix1I57A9uK12q0", "wrapped_apr1$m=1024,t=1,p=1$", "apr1"},
    {"Md5Crypt", kPassword, "$1$saltstri$cl90VVEoearKJd0RWAAup1", "wrapped_md5crypt$m=1024,t=1,p=1$",
     "md5crypt"},
    {"Des", "secret", "abNANd1rDfiNc", "wrapped_des$m=1024,t=1,p=1$", "des"},
    {"DjangoCrypt", "secret", "crypt$$abNANd1rDfiNc", "wrapped_des$m=1024,t=1,p=1$", "des"},
};

class ForeignHashTest : public ::testing::TestWithParam<Spelling> {
 protected:
  ForeignHashTest() { EXPECT_GE(sodium_init(), 0); }
};

TEST_P(ForeignHashTest, IsStoredInAFormThatVerifiesTheRightPasswordAlone) {
  const Spelling& of = GetParam();
  const Result<ForeignHash> read = ForeignHash::read(of.given);
  ASSERT_TRUE(read.has_value()) << read.error().text;
  EXPECT_EQ(read->weak(), of.weak);
  const std::string stored = *read->to_store(kCheap);
  EXPECT_EQ(hash_kind(stored).value_or("none"), of.kind) << stored;
  EXPECT_LE(hash_kind(stored)->size(), kMaxHashKindBytes);
  EXPECT_TRUE(*verify_password(of.password, stored)) << stored;
  EXPECT_FALSE(*verify_password("another", stored)) << stored;
  EXPECT_FALSE(*verify_password(std::string(of.password).substr(1), stored)) << stored;
  EXPECT_FALSE(*verify_password(std::string(of.password) + '\0', stored)) << stored;
  EXPECT_TRUE(needs_rehash(stored, kCheap) || of.kind == std::string("$argon2id$v=19$m=1024,t=1,p=1$"));
  EXPECT_TRUE(why_not_whole(of.password, stored).empty()) << stored;
}

TEST_P(ForeignHashTest, IsNeverStoredAsItIsWhereItIsFastToGuess) {
  const Spelling& of = GetParam();
  if (of.weak == std::string()) return;
  EXPECT_FALSE(check_stored_hash(of.given).has_value()) << of.given;
  const std::string stored = *ForeignHash::read(of.given)->to_store(kCheap);
  const std::string given(of.given);
  EXPECT_EQ(stored.find(given.substr(given.size() - 8)), std::string::npos) << stored;
  EXPECT_NE(stored, *ForeignHash::read(of.given)->to_store(kCheap)) << "it has no salt of its own";
  EXPECT_EQ(ForeignHash::read(stored)->to_store(kCheap).value_or(""), stored)
      << "what is stored is read again";
}

INSTANTIATE_TEST_SUITE_P(Of, ForeignHashTest, ::testing::ValuesIn(kSpellings),
                         [](const auto& chosen) { return chosen.param.name; });

TEST(ForeignHash, IsNotWholeAfter8BytesWhereItIsOfDes) {
  ASSERT_GE(sodium_init(), 0);
  const std::string stored = *ForeignHash::read("abprj99vCww4M")->to_store(kCheap);
  EXPECT_TRUE(*verify_password("l\xc3\xa8tmein and anything", stored));
  EXPECT_FALSE(why_not_whole("l\xc3\xa8tmein and anything", stored).empty());
  EXPECT_TRUE(why_not_whole("1234567", stored).empty());
}

TEST(ForeignHash, RefusesWhatIsNoHashAndShowsNothingOfIt) {
  ASSERT_GE(sodium_init(), 0);
  for (const char* const given :
       {"",
        "hunter2",
        "{CLEARTEXT}hunter2",
        "{NT}hunter2",
        "{SSHA}hunter2",
        "{SSHA}bROMo65UVjE=",
        "{",
        "{}",
        "{CRYPT}",
        "{CRYPT}{CRYPT}{CRYPT}{CRYPT}x",
        "$apr1$saltstri$hunter2",
        "$apr1$hunter2",
        "$apr1$saltstring$HuxvQMjgix1I57A9uK12q0",
        "md5$seasalt$hunter2",
        "md5$hunter2",
        "scrypt$hunter2",
        "scrypt$1023$seasalt$8$5$hunter2",
        "argon2$hunter2",
        "argon2$",
        "bcrypt$hunter2",
        "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "wrapped_apr1$hunter2",
        "wrapped_none$m=1024,t=1,p=1$$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "wrapped_des$m=1024,t=1,p=1$$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"}) {
    const Result<ForeignHash> read = ForeignHash::read(given);
    ASSERT_FALSE(read.has_value()) << given;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(read.error().text.find("hunter2"), std::string::npos) << read.error().text;
  }
  EXPECT_NE(ForeignHash::read("{CLEARTEXT}x").error().text.find("clear text"), std::string::npos);
}

TEST(ForeignHash, IsHeldToTheBoundsOfItsScheme) {
  for (const char* const given :
       {"pbkdf2_sha1$10000001$seasalt$6/5h7qgEePCUoe8yZfjlzi9SSaw=",
        "scrypt$1073741824$seasalt$8$5$ozpUt/qDR/QLBzi9csaWJofO252yHC+Oxl5cycNUQkna/"
        "BBjumDq5KMXPAq1Xi3sxxGWxqtAlQmEE+DSWNl+FQ==",
        "wrapped_sha1$m=1024,t=65,p=1$$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"}) {
    const Result<ForeignHash> read = ForeignHash::read(given);
    ASSERT_FALSE(read.has_value()) << given;
    EXPECT_NE(read.error().text.find("bounds"), std::string::npos) << read.error().text;
  }
}

}  // namespace
}  // namespace latchkey::credential
