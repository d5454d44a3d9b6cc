// A session as stored on disk: the row that outlives the process.
// Thread: any; these are plain values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "latchkey/base/clock.h"

namespace latchkey::store {

/// SQLite's rowid of a session. It is positive and has as many bits as the token table keeps
/// (`token::Entry`).
using RowId = std::int64_t;
inline constexpr int kRowIdBits = 40;
inline constexpr RowId kMaxRowId = (RowId{1} << kRowIdBits) - 1;

/// 128 random bits. The signing key of `key_number` derives the token's secret from it again.
using SessionId = std::array<std::uint8_t, 16>;
/// Keyed BLAKE2b of the token, in a context of its own. It finds the row of a token that this process does
/// not know.
using LookupHash = std::array<std::uint8_t, 16>;
/// Keyed SipHash-2-4-128 of what binds the token (C-35).
using BindingHash = std::array<std::uint8_t, 16>;

/// Why a token no longer admits. The numbers are stored in the database, so they never change their meaning.
enum class Death : std::uint8_t {
  kNone = 0,
  kExpired = 1,   ///< not used for one timeout
  kDeleted = 2,   ///< its holder ended it, or its user was logged out
  kLimit = 3,     ///< a newer login passed the user's limit (C-21)
  kInactive = 4,  ///< its user was deactivated or deleted
};

struct Session {
  RowId row = 0;
  SessionId id{};
  LookupHash lookup{};
  std::int64_t user_id = 0;
  std::string user_name;
  BindingHash binding{};
  std::uint8_t key_number = 0;
  WallTime created{};
  WallTime last_used{};
  Death death = Death::kNone;
  WallTime died{};      ///< meaningful if death is not kNone
  std::string address;  ///< for the page of sessions; empty if switched off (C-35)
  std::string agent;    ///< its first 256 bytes
};

struct SessionDeath {
  RowId row = 0;
  Death reason = Death::kNone;
  WallTime at{};
};

/// The death of all of a user's sessions up to a row, except one.
struct UserDeath {
  std::int64_t user_id = 0;
  Death reason = Death::kNone;
  WallTime at{};
  RowId last_row = kMaxRowId;
  RowId kept_row = 0;  ///< 0: keep none
};

struct SessionRefresh {
  RowId row = 0;
  WallTime last_used{};
};

/// A login and the deaths that it causes, in one transaction.
struct LoginRecord {
  Session session;  ///< the store chooses `row`
  std::vector<SessionDeath> deaths;
};

}  // namespace latchkey::store
