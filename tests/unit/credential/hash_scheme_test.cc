#include "latchkey/credential/hash_scheme.h"

#include <gtest/gtest.h>
#include <sodium.h>

namespace latchkey::credential {
namespace {

constexpr HashSettings kCheap{.memory_bytes = kMinHashMemoryBytes, .passes = 1};

TEST(HashScheme, MakesAnArgon2idHashWithTheSettingsInIt) {
  ASSERT_GE(sodium_init(), 0);
  const Result<std::string> hash = make_hash("my pass", HashSettings{});
  ASSERT_TRUE(hash.has_value());
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_NE(*hash, *make_hash("my pass", HashSettings{}));
}

TEST(HashScheme, VerifiesTheRightPasswordAlone) {
  const std::string hash = *make_hash("my pass", kCheap);
  EXPECT_TRUE(*verify_password("my pass", hash));
  EXPECT_FALSE(*verify_password("my pass ", hash));
  EXPECT_FALSE(*verify_password("", hash));
  EXPECT_FALSE(*verify_password(std::string_view("my pass\0", 8), hash));
}

// From the reference implementation's own tests (phc-winner-argon2, src/test.c).
TEST(HashScheme, VerifiesWhatTheReferenceImplementationMade) {
  const std::string one_lane =
      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  const std::string two_lanes =
      "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";
  EXPECT_TRUE(*verify_password("password", one_lane));
  EXPECT_FALSE(*verify_password("Password", one_lane));
  EXPECT_TRUE(*verify_password("password", two_lanes));
}

TEST(HashScheme, NamesASchemeThatItDoesNotReadAndShowsNoMoreOfTheHash) {
  const Result<bool> refused = verify_password("x", "pbkdf2_md5$260000$c2FsdA$aGFzaGhhc2g=");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_NE(refused.error().text.find("(pbkdf2_md5)"), std::string::npos) << refused.error().text;
  EXPECT_EQ(refused.error().text.find("260000"), std::string::npos);

  const Result<bool> plain = verify_password("x", "hunter2");
  ASSERT_FALSE(plain.has_value());
  EXPECT_EQ(plain.error().text.find("hunter2"), std::string::npos) << plain.error().text;
}

TEST(HashScheme, RefusesAMalformedHash) {
  const std::string whole = *make_hash("my pass", kCheap);
  for (std::size_t size = std::string_view("$argon2id$").size(); size < whole.size(); size += 7) {
    const std::string part = whole.substr(0, size);
    EXPECT_FALSE(verify_password("my pass", part).value_or(false)) << part;
    // Whatever passes the check is really verified: nothing else may be answered at once (C-14).
    EXPECT_EQ(check_stored_hash(part).has_value(), verify_password("my pass", part).has_value()) << part;
  }
  for (const char* const stored :
       {"$argon2id$", "$argon2id$v=19$m=a,t=2,p=1$YWFhYWFhYWE$YWFh",
        "$argon2id$v=16$m=1024,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=7,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=1024,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=1024,t=1,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=1024,t=2,p=1$c29tZXN\xde"
        "bHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=1024,t=2,p=1$!!!!$!!!!"}) {
    EXPECT_FALSE(check_stored_hash(stored).has_value()) << stored;
    const Result<bool> refused = verify_password("x", stored);
    ASSERT_FALSE(refused.has_value()) << stored;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  }
}

TEST(HashScheme, RefusesAHashThatAsksForMoreThanTheBounds) {
  for (const char* const stored :
       {"$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=1024,t=4000000000,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=1024,t=1,p=17$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"}) {
    const Result<bool> refused = verify_password("x", stored);
    ASSERT_FALSE(refused.has_value()) << stored;
    EXPECT_NE(refused.error().text.find("bounds"), std::string::npos) << refused.error().text;
  }
}

TEST(HashScheme, NeverHashesAPasswordOver4096Bytes) {
  const std::string longest(kMaxPasswordBytes, 'a');
  const std::string hash = *make_hash(longest, kCheap);
  EXPECT_TRUE(*verify_password(longest, hash));
  EXPECT_EQ(make_hash(longest + "a", kCheap).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(verify_password(longest + "a", hash).error().code, ErrorCode::kInvalid);
}

TEST(HashScheme, TellsAHashOfOtherParameters) {
  const std::string hash = *make_hash("my pass", kCheap);
  EXPECT_FALSE(needs_rehash(hash, kCheap));
  EXPECT_TRUE(needs_rehash(hash, {.memory_bytes = kMinHashMemoryBytes * 2, .passes = 1}));
  EXPECT_TRUE(needs_rehash(hash, {.memory_bytes = kMinHashMemoryBytes, .passes = 2}));
  EXPECT_TRUE(needs_rehash("pbkdf2_sha256$1$a$b", kCheap));
}

TEST(HashScheme, HoldsTheSettingsToTheirBounds) {
  EXPECT_TRUE(check_hash_settings(HashSettings{}).has_value());
  EXPECT_TRUE(check_hash_settings(kCheap).has_value());
  EXPECT_FALSE(check_hash_settings({.memory_bytes = kMinHashMemoryBytes - 1, .passes = 1}).has_value());
  EXPECT_FALSE(check_hash_settings({.memory_bytes = kMaxHashMemoryBytes + 1, .passes = 1}).has_value());
  EXPECT_FALSE(check_hash_settings({.memory_bytes = kMinHashMemoryBytes, .passes = 0}).has_value());
  EXPECT_FALSE(check_hash_settings({.memory_bytes = kMinHashMemoryBytes, .passes = 65}).has_value());
}

}  // namespace
}  // namespace latchkey::credential
