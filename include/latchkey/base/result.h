// Result<T> is a value, or an `Error` that the world caused. The error's text is for a person: it says what
// failed, on what, and what to do. It never holds a secret.
//
// A function passes on the error of a function that it calls with LATCHKEY_TRY. Both forms move the error
// out:
//
//   LATCHKEY_TRY(Statement statement, database.prepare(sql));  // declares `statement`, or returns the error
//   LATCHKEY_TRY(statement.run());                             // continues, or returns the error
//
// The declaration must have no bare comma: `const auto x`, `const auto& x`, or an existing variable. The
// value moves into it. `auto&& x` leaves the value where it is, in a Result that lives to the end of the
// scope. Coroutines use the forms of `runtime/await.h`.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace latchkey {

/// The kind of failure, for code that chooses an answer by it.
enum class ErrorCode {
  kInvalid,      ///< the input is wrong; the text says how to mend it
  kNotFound,     ///< the thing named does not exist
  kConflict,     ///< the thing exists already, or somebody else holds it
  kOverloaded,   ///< a bound is reached; the same call may go through later
  kUnavailable,  ///< the disk or the kernel refused; nothing was changed
  kFatal,        ///< what is on disk cannot be trusted any more: the process must end
  kCancelled,    ///< the caller's side is stopping
};

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string text;
};

template <class T>
using Result = tl::expected<T, Error>;

/// `return failure(ErrorCode::kInvalid, "...");` from any function that returns a Result.
inline tl::unexpected<Error> failure(ErrorCode code, std::string text) {
  return tl::unexpected<Error>(Error{code, std::move(text)});
}

}  // namespace latchkey

// NOLINTBEGIN(bugprone-macro-parentheses): neither a name nor `return` can stand in parentheses.
#define LATCHKEY_TRY(...) LATCHKEY_FORM(LATCHKEY_TRY_, return, __VA_ARGS__)
#define LATCHKEY_TRY_VALUE(result, leave, declaration, ...) \
  auto result = __VA_ARGS__;                                \
  LATCHKEY_LEAVE_ON_ERROR(result, leave);                   \
  declaration = *std::move(result)
#define LATCHKEY_TRY_ALONE(result, leave, expression) \
  do {                                                \
    auto result = expression;                         \
    LATCHKEY_LEAVE_ON_ERROR(result, leave);           \
  } while (false)
#define LATCHKEY_LEAVE_ON_ERROR(result, leave) \
  if (!result) leave tl::unexpected<::latchkey::Error>(std::move(result).error())
// NOLINTEND(bugprone-macro-parentheses)

// FORM_VALUE if a declaration precedes the expression, FORM_ALONE if none does. The names end in the line
// number: two can be in one scope, and they are the same in every source that includes a header.
#define LATCHKEY_FORM(form, leave, first, ...)                     \
  LATCHKEY_JOIN(form, LATCHKEY_FIRST(__VA_OPT__(VALUE, ) ALONE, )) \
  (LATCHKEY_JOIN(unnamed_, __LINE__), leave, first __VA_OPT__(, ) __VA_ARGS__)
#define LATCHKEY_FIRST(first, ...) first
#define LATCHKEY_JOIN(left, right) LATCHKEY_JOIN_EXPANDED(left, right)
#define LATCHKEY_JOIN_EXPANDED(left, right) left##right
