// LATCHKEY_ASSERT checks a statement that only a bug can make false. It stays in release builds: it prints
// the statement and its place, then aborts. What the world can make false is a `Result`, never an assertion.
#pragma once

namespace latchkey {

[[noreturn]] void assertion_failed(const char* statement, const char* file, int line) noexcept;

}  // namespace latchkey

#define LATCHKEY_ASSERT(statement)                      \
  (__builtin_expect(static_cast<bool>(statement), true) \
       ? static_cast<void>(0)                           \
       : ::latchkey::assertion_failed(#statement, __FILE__, __LINE__))
