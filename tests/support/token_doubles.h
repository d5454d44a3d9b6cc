// Doubles of token::LoginCheck: one that a test can hold up, and one that admits everyone.
// Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "latchkey/runtime/event.h"
#include "latchkey/token/shard.h"
#include "support/runtime_doubles.h"

namespace latchkey::test {

/// Users have the password of number 0 unless it is told otherwise. Answers at once, answers when told, or
/// fails.
class FakeLoginCheck final : public token::LoginCheck {
 public:
  /// While true, a request is looked up and then waits for `answer`.
  bool holds = false;
  /// While set, every request gets this error.
  std::optional<Error> refusal;
  /// The password numbers of the users whose number is not 0.
  std::map<std::int64_t, std::int64_t> password_numbers;
  /// The profiles of the users who have any.
  std::map<std::int64_t, token::ProfileParts> profiles;
  std::size_t asked = 0;

  void answer() { wake_now(gate_); }

  runtime::Task<Result<token::Standing>> standing_of(std::int64_t user_id,
                                                     std::int64_t password_number) override {
    ++asked;
    const auto found = password_numbers.find(user_id);
    token::Standing standing;
    standing.holds = password_number == (found == password_numbers.end() ? 0 : found->second);
    if (standing.holds) standing.profile = profiles[user_id];
    if (holds) co_await gate_.wait();
    if (refusal) co_return tl::unexpected<Error>(*refusal);
    co_return standing;
  }

 private:
  runtime::Broadcast gate_;
};

class AnyLogin final : public token::LoginCheck {
 public:
  runtime::Task<Result<token::Standing>> standing_of(std::int64_t, std::int64_t) override {
    co_return token::Standing{.holds = true};
  }
};

}  // namespace latchkey::test
