// What the resources of a core count: questions of proxies, logins, and sessions that end. The names are
// those that monitoring sees, in the order of the enumerators. Thread: the core's counts; any thread reads.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "latchkey/base/counter.h"

namespace latchkey::api {

/// How a question of a proxy was answered. Each question has one.
enum class CheckResult : std::uint8_t {
  kAdmitted,   ///< by a token or by Basic
  kAnonymous,  ///< a public path or a preflight
  kNoToken,
  kUnknown,
  kOtherBinding,  ///< the token lives, or is remembered, but is bound to another address or agent
  kExpired,
  kEnded,  ///< by its holder or an administrator
  kOverLimit,
  kInactive,
  kAmbiguous,  ///< a credential header twice
  kMalformed,
  kBasicRefused,  ///< wrong, throttled or not tried
  kNoAddress,     ///< a Unix peer that names no client
  kUnknownHost,
  kForbidden,  ///< who it is is known, and may not enter the site
};
inline constexpr std::array<std::string_view, 15> kCheckResultNames = {
    "admitted",  "anonymous",     "no_token",   "unknown",      "other_binding",
    "expired",   "ended",         "over_limit", "inactive",     "ambiguous",
    "malformed", "basic_refused", "no_address", "unknown_host", "forbidden"};

enum class LoginResult : std::uint8_t {
  kNew,
  kAgain,
  kChecked,  ///< Basic was right; it makes no token
  kRefused,
  kThrottled,
  kOverloaded,
  kUnavailable,
  kInvalid,
};
inline constexpr std::array<std::string_view, 8> kLoginResultNames = {
    "new", "again", "checked", "refused", "throttled", "overloaded", "unavailable", "invalid"};

enum class LoginVia : std::uint8_t { kAuthtoken, kSession, kBasic };
inline constexpr std::array<std::string_view, 3> kLoginViaNames = {"authtoken", "session", "basic"};

/// Why a session ended before its timeout did it. Deleting a user disables the user first.
enum class SessionEnd : std::uint8_t { kLogout, kLogoutAll, kPassword, kDisabled, kAdmin };
inline constexpr std::array<std::string_view, 5> kSessionEndNames = {"logout", "logout_all", "password",
                                                                     "disabled", "admin"};

struct alignas(64) ApiMetrics {
  using Durations = Histogram<kLoginBoundsNs>;

  CounterSet<CheckResult, kCheckResultNames.size()> checks;
  std::array<CounterSet<LoginResult, kLoginResultNames.size()>, kLoginViaNames.size()> logins;
  Durations granted;  ///< from the request to its answer, in nanoseconds
  Durations refused;
  CounterSet<SessionEnd, kSessionEndNames.size()> ended;
  Counter changed_meanwhile;  ///< a right password that was replaced while its login was under way
  Counter no_log_room;        ///< refused because the log had no room for its line

  CounterSet<LoginResult, kLoginResultNames.size()>& logins_via(LoginVia via) noexcept {
    return logins[static_cast<std::size_t>(via)];
  }
};

}  // namespace latchkey::api
