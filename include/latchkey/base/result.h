// Result<T>: a value, or an `Error` that the world caused. The text is for the person who reads it: what
// failed, on what, and what to do. It never holds a secret.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace latchkey {

/// What kind of failure it is, for the code that has to choose an answer by it.
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
