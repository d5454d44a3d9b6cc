// How a coroutine awaits a task: it names the task first, then awaits the name. These macros do that, and
// only they, because of a fault of GCC 12. In a full expression with `co_await`, it destroys the members of a
// temporary twice if braces or a lambda's captures filled them (`co_await add({.name = name})`): a double
// free. A plain call such as `co_await flush()` is sound. So are clang 16 and 19 and GCC 14.
// `tests/unit/runtime/await_test.cc` shows the fault, and fails once the compiler in use is free of it.
//
//   LATCHKEY_AWAIT(const bool sent, flush());             // declares `sent` with what the task gives
//   LATCHKEY_AWAIT(serve(fd));                            // its task, and what it gives, ends with the line
//   LATCHKEY_CO_TRY(User user, find_user(name));          // declares the value, or co_returns the error
//   LATCHKEY_CO_TRY(remember(user));                      // goes on, or co_returns the error
//   LATCHKEY_CO_TRY_NOW(const auto id, parse(text));      // the same of a Result that needs no await
//   LATCHKEY_CO_RETURN(list_users(after));                // co_returns what the task gives
//
// Any awaitable will do, not only a Task. The rules for the declaration are those of LATCHKEY_TRY.
// Lifetime: a task with a declaration lives to the end of the scope.
#pragma once

#include <utility>

#include "latchkey/base/result.h"

// NOLINTBEGIN(bugprone-macro-parentheses): neither a name nor `co_return` can stand in parentheses.
#define LATCHKEY_AWAIT(...) LATCHKEY_FORM(LATCHKEY_AWAIT_, co_return, __VA_ARGS__)
#define LATCHKEY_AWAIT_VALUE(task, leave, declaration, ...) \
  auto task = __VA_ARGS__;                                  \
  declaration = co_await task
#define LATCHKEY_AWAIT_ALONE(task, leave, expression) \
  do {                                                \
    auto task = expression;                           \
    co_await task;                                    \
  } while (false)

#define LATCHKEY_CO_TRY(...) LATCHKEY_FORM(LATCHKEY_CO_TRY_, co_return, __VA_ARGS__)
#define LATCHKEY_CO_TRY_VALUE(task, leave, declaration, ...) \
  auto task = __VA_ARGS__;                                   \
  LATCHKEY_TRY_VALUE(LATCHKEY_JOIN(task, _result), leave, declaration, co_await task)
#define LATCHKEY_CO_TRY_ALONE(task, leave, expression)                      \
  do {                                                                      \
    auto task = expression;                                                 \
    LATCHKEY_TRY_ALONE(LATCHKEY_JOIN(task, _result), leave, co_await task); \
  } while (false)

#define LATCHKEY_CO_TRY_NOW(...) LATCHKEY_FORM(LATCHKEY_TRY_, co_return, __VA_ARGS__)

#define LATCHKEY_CO_RETURN(...)      \
  do {                               \
    auto unnamed_task = __VA_ARGS__; \
    co_return co_await unnamed_task; \
  } while (false)
// NOLINTEND(bugprone-macro-parentheses)
