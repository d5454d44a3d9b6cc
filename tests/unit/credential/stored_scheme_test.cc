// The schemes of other programs, tested with hashes that other programs made.
#include "credential/stored_scheme.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>

#include "latchkey/credential/hash_scheme.h"

namespace latchkey::credential {
namespace {

struct Known {
  const char* name;
  std::string_view password;
  std::string_view stored;
  std::string_view kind;
};

constexpr Known kKnown[] = {
    // Django 3.2, tests/auth_tests/test_hashers.py.
    {"Pbkdf2", "l\xc3\xa8tmein",
     "pbkdf2_sha256$260000$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=", "pbkdf2_sha256$260000$"},
    // From Django's make_password("password", hasher="bcrypt_sha256").
    {"BcryptSha256", "password", "bcrypt_sha256$$2b$12$VADBCPlCt0wMa2zjUgaXl.jnrvoNt/kgjtRY7i./fo0V2IEp1l6f2",
     "bcrypt_sha256$$2b$12$"},
    // From the vectors of crypt_blowfish 1.3, wrapper.c.
    {"BcryptA", "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$2a$05$"},
    {"BcryptB", "U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$2b$05$"},
    {"BcryptY", "U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$2y$05$"},
    // From yescrypt 1.1, TESTS-OK.
    {"Scrypt", "pleaseletmein", "$7$06..../....SodiumChloride$ENlyo6fGw4PCcDBOFepfSZjFUnVatHzCcW55.ZGz3B0",
     "$7$06..../...."},
    // From libxcrypt's own tables of known answers.
    {"YescryptOfAnEmptyPassword", "",
     "$y$j75$LdJMENpBABJJ3hIHjB1Bi.$tUlUF19mIl6XpRTpX7LBp5ABKS8KSmDfP1gXFrZ6Sy8", "$y$j75$"},
    {"Yescrypt", "password", "$y$j9T$LdJMENpBABJJ3hIHjB1Bi.$u2OTvjfFNnWXgGAOFvgB1vH5NgjtzZuf1aX1t4YvTE.",
     "$y$j9T$"},
    // From Drepper, "Unix crypt using SHA-256 and SHA-512", the tests of its reference implementation.
    {"Sha512Crypt", "Hello world!",
     "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
     "$6$"},
    {"Sha512CryptWithRounds", "Hello world!",
     "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/"
     "UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
     "$6$rounds=10000$"},
};

class StoredSchemeTest : public ::testing::TestWithParam<Known> {
 protected:
  StoredSchemeTest() { EXPECT_GE(sodium_init(), 0); }
};

TEST_P(StoredSchemeTest, VerifiesTheRightPasswordAlone) {
  const auto& [name, password, stored, kind] = GetParam();
  EXPECT_TRUE(*verify_password(password, stored));
  EXPECT_FALSE(*verify_password(std::string(password) + "x", stored));
  EXPECT_FALSE(*verify_password("another", stored));
}

TEST_P(StoredSchemeTest, NeverVerifiesAPasswordWithANulInIt) {
  const auto& [name, password, stored, kind] = GetParam();
  EXPECT_FALSE(*verify_password(std::string(password) + '\0', stored));
  EXPECT_FALSE(*verify_password(std::string(password) + std::string("\0more", 5), stored));
}

TEST_P(StoredSchemeTest, HasAKindAtItsFrontAndIsReplacedAtTheNextLogin) {
  const auto& [name, password, stored, kind] = GetParam();
  EXPECT_EQ(*hash_kind(stored), kind);
  EXPECT_TRUE(needs_rehash(stored, HashSettings{}));
}

TEST_P(StoredSchemeTest, IsMalformedWhereItEndsTooSoonOrGoesOn) {
  const auto& [name, password, stored, kind] = GetParam();
  for (std::size_t size = 0; size < stored.size(); ++size) {
    EXPECT_FALSE(check_stored_hash(stored.substr(0, size)).has_value()) << stored.substr(0, size);
  }
  EXPECT_FALSE(check_stored_hash(std::string(stored) + "x").has_value());
  EXPECT_FALSE(check_stored_hash(std::string(stored) + "\n").has_value());
}

/// C-14: nothing that passes the check is answered at once.
TEST_P(StoredSchemeTest, IsReallyVerifiedWhateverPassesTheCheck) {
  const auto& [name, password, stored, kind] = GetParam();
  for (std::size_t at = kind.size(); at < stored.size(); at += 5) {
    for (const char c : {'$', '.', 'z', '=', ':'}) {
      std::string changed(stored);
      changed[at] = c;
      if (!check_stored_hash(changed)) continue;
      EXPECT_TRUE(verify_password("", changed).has_value()) << changed;
      // One place is enough if the scheme is expensive.
      if (kind.find("$12$") != std::string_view::npos || kind.find("260000") != std::string_view::npos)
        return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Known, StoredSchemeTest, ::testing::ValuesIn(kKnown),
                         [](const auto& known) { return std::string(known.param.name); });

void expect_refused(std::string_view stored, std::string_view reason) {
  const Result<bool> refused = verify_password("x", stored);
  ASSERT_FALSE(refused.has_value()) << stored;
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_NE(refused.error().text.find(reason), std::string::npos) << stored << ": " << refused.error().text;
}

TEST(StoredScheme, RefusesWhatItsWriterCouldNotHaveWritten) {
  const std::string digest43(43, 'a');
  const std::string digest86(86, 'a');
  const std::string digest53 = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  for (const std::string& stored :
       {std::string("pbkdf2_sha256$0$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo="),
        std::string("pbkdf2_sha256$-1$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo="),
        std::string("pbkdf2_sha256$01$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo="),
        std::string("pbkdf2_sha256$99999999999$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo="),
        std::string("pbkdf2_sha256$1000$$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo="),
        std::string("pbkdf2_sha256$1000$seasalt"),
        std::string("pbkdf2_sha256$1000$seasalt$c2hvcnQ="),
        std::string("pbkdf2_sha256$1000$seasalt$YlZ2Vggtqdc61Yj\xderZuoApoBh9JNGYoDRBUGu6tcJQo="),
        "pbkdf2_sha256$1000$" + std::string(129, 's') + "$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=",
        "$2b$03$" + digest53,
        "$2b$ 5$" + digest53,
        "$2b$0x$" + digest53,
        "$2b$055" + digest53,
        "$2b$05$CCCCCCCCCCCCCCCCCCCCCC" + digest53.substr(22),
        "bcrypt_sha256$$2x$05$" + digest53,
        "bcrypt_sha256$" + digest53,
        "$7$/6..../....salt$" + digest43,
        "$7$06........./salt$" + digest43,
        "$7$0........../salt$" + digest43,
        "$7$06..../....sa lt$" + digest43,
        "$y$j/5$LdJM$" + digest43,
        "$y$i75$LdJM$" + digest43,
        "$y$j75.$LdJM$" + digest43,
        "$y$j75$LdJME$" + digest43,
        "$y$j75$Lz$" + digest43,
        "$y$j7z$LdJM$" + digest43,
        "$6$rounds=999$salt$" + digest86,
        "$6$rounds=01000$salt$" + digest86,
        "$6$rounds=$salt$" + digest86,
        "$6$seventeen-letters$" + digest86,
        "$6$sa:lt$" + digest86,
        "$6$salt$" + digest86.substr(1) + "="}) {
    expect_refused(stored, "malformed");
  }
}

TEST(StoredScheme, RefusesAHashThatIsDearerThanItsBounds) {
  const std::string digest43(43, 'a');
  expect_refused("pbkdf2_sha256$10000001$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=", "bounds");
  expect_refused("$2b$17$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "bounds");
  expect_refused("bcrypt_sha256$$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "bounds");
  // 128 bytes * 8 * 2^21 is 2 GiB, and so is half of it, twice. The others have their numbers at the maximum.
  expect_refused("$7$J6..../....salt$" + digest43, "bounds");
  expect_refused("$7$I6....0....salt$" + digest43, "bounds");
  expect_refused("$7$zzzzzzzzzzzsalt$" + digest43, "bounds");
  expect_refused("$7$4zzzzz/....salt$" + digest43, "bounds");
  expect_refused("$y$jHT$LdJM$" + digest43, "bounds");
  expect_refused("$6$rounds=1000001$salt$" + std::string(86, 'a'), "bounds");
}

TEST(StoredScheme, TakesWhatIsJustWithinItsBounds) {
  const std::string digest43(43, 'a');
  for (const std::string& stored :
       {std::string("pbkdf2_sha256$10000000$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo="),
        std::string("$2b$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        "$7$I6..../....salt$" + digest43, "$y$jFT$LdJM$" + digest43,
        "$6$rounds=1000000$salt$" + std::string(86, 'a')}) {
    EXPECT_TRUE(check_stored_hash(stored).has_value()) << check_stored_hash(stored).error().text;
    EXPECT_LE(hash_kind(stored)->size(), kMaxHashKindBytes);
  }
  EXPECT_LE(
      hash_kind("$argon2id$v=19$m=1048576,t=64,p=16$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
          ->size(),
      kMaxHashKindBytes);
}

// crypt_blowfish 1.3, wrapper.c.
TEST(StoredScheme, SeesNoMoreOfAPasswordThan72BytesWhereItIsBcrypt) {
  constexpr std::string_view kStored = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
  const std::string seen = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  ASSERT_EQ(seen.size(), kMaxBcryptPasswordBytes);
  EXPECT_TRUE(*verify_password(seen, kStored));
  EXPECT_TRUE(*verify_password(seen + "chars after 72 are ignored", kStored));
  EXPECT_TRUE(*verify_password(seen + std::string(kMaxPasswordBytes - seen.size(), 'x'), kStored));
  EXPECT_FALSE(*verify_password(seen.substr(0, 71), kStored));
  EXPECT_FALSE(*verify_password(seen + std::string(1, '\0'), kStored));
}

TEST(StoredScheme, HasSeenAPasswordWholeWhereItTellsItFromEveryOther) {
  for (const Known& known : kKnown) {
    EXPECT_EQ(why_not_whole(known.password, known.stored), "") << known.name;
    const bool is_bcrypt = known.stored.starts_with("$2");
    EXPECT_EQ(why_not_whole(std::string(71, 'x'), known.stored), "") << known.name;
    EXPECT_EQ(why_not_whole(std::string(72, 'x'), known.stored).empty(), !is_bcrypt) << known.name;
    EXPECT_EQ(why_not_whole(std::string(kMaxPasswordBytes, 'x'), known.stored).empty(), !is_bcrypt)
        << known.name;
    const bool is_hmac_key = known.stored.starts_with("pbkdf2") || known.stored.starts_with("$7$");
    EXPECT_EQ(why_not_whole(std::string(32, 'x'), known.stored).empty(), !is_hmac_key) << known.name;
  }
  EXPECT_EQ(
      why_not_whole(std::string(kMaxPasswordBytes, 'x'),
                    "$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"),
      "");
}

// The digest of a long password is text here, so it may be a password too. HMAC cannot tell the two apart.
TEST(StoredScheme, TakesALongPasswordForItsDigestWhereItIsTheKeyOfHmac) {
  constexpr std::string_view kLong =
      "a passphrase of more than sixty-four bytes, which HMAC folds: 0038279128";
  const std::string digest =
      "\x0a\x43\x0b\xd4\x98\x7e\x14\x54\x0a\x29\x1e\x52\x19\x28\x57\x3f\x51\x07\x4d\x24\x3d\x5c\x51\x75\x39"
      "\x0d\x76\x37\x50\x1b\x51\x17";
  constexpr std::string_view kPbkdf2 = "pbkdf2_sha256$1000$salt$nvzxF8kOrfm065P8vUFdrRpXSU54Vkklzz+fo86cElM=";
  constexpr std::string_view kScryptStored =
      "$7$06..../....SodiumChloride$bYgEiZqiE.jsdM3/AJtlFUKALQn6zeboOg/i43CuIF.";
  for (const std::string_view stored : {kPbkdf2, kScryptStored}) {
    for (const std::string_view password : {kLong, std::string_view(digest)}) {
      EXPECT_TRUE(*verify_password(password, stored));
      EXPECT_NE(why_not_whole(password, stored), "");
    }
    // The digest of this one is not text, so no password is equal to it.
    EXPECT_EQ(why_not_whole(std::string(65, 'x'), stored), "");
  }
  // yescrypt computes an HMAC over the password, not keyed by it.
  constexpr std::string_view kYescryptStored =
      "$y$j75$LdJMENpBABJJ3hIHjB1Bi.$bOIJA3pXA7rohLzXAIhW2l.CPv4UGXab.T5IbGWykY6";
  EXPECT_TRUE(*verify_password(kLong, kYescryptStored));
  EXPECT_FALSE(*verify_password(digest, kYescryptStored));
}

// Made by crypt(3) of libxcrypt 4.4.33.
TEST(StoredScheme, NeverVerifiesAPasswordThatIsTooLongForLibxcrypt) {
  constexpr std::string_view kStored =
      "$6$saltstring$sB5o1/NAESoB6Sqlk/y.q3xgRCfOVIq1NhoQMI9.qi.bR1CmOnPRBoQLKbvRhMdPSll2ff/NXPkwIW7YkGJeH/";
  EXPECT_TRUE(*verify_password(std::string(511, 'x'), kStored));
  EXPECT_FALSE(*verify_password(std::string(512, 'x'), kStored));
  EXPECT_FALSE(*verify_password(std::string(kMaxPasswordBytes, 'x'), kStored));
}

TEST(StoredScheme, SaysWhichSchemesAreReadWhereOneIsNot) {
  expect_refused("$1$saltstri$qQY4WxjABChYG1ccLpfkz/",
                 "does not read (1); it reads argon2id, argon2i, pbkdf2_sha256, pbkdf2_sha1, $pbkdf2$, "
                 "$pbkdf2-sha256$, $pbkdf2-sha512$, bcrypt_sha256, bcrypt, scrypt ($7$), yescrypt ($y$), "
                 "gost-yescrypt ($gy$), sha512-crypt ($6$), sha256-crypt ($5$), wrapped");
  expect_refused("pbkdf2_md5$260000$seasalt2$wAibXvW6jgvatCdONi6SMJ6q7mI=", "(pbkdf2_md5)");
  expect_refused("$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "(2x)");
}

TEST(StoredScheme, TellsNothingOfAPasswordInClearTextThatHoldsADollar) {
  for (const char* const password :
       {"secret$2026", "$secret$2026", "1$secret", "$$secret", "secret$", "$", "$1"}) {
    expect_refused(password, "(none that can be told)");
  }
}

}  // namespace
}  // namespace latchkey::credential
