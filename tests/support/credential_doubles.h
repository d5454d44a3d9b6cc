// Doubles of the interfaces of `credential`: directories of users, and known addresses.
// Thread: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "latchkey/base/result.h"
#include "latchkey/credential/directory.h"
#include "latchkey/credential/known_addresses.h"
#include "support/runtime_doubles.h"

namespace latchkey::test {

class NoDirectory final : public credential::Directory {
 public:
  runtime::Task<Result<std::optional<credential::User>>> find(std::string) override {
    co_return std::nullopt;
  }
  runtime::Task<Result<std::optional<credential::User>>> find_by_id(std::int64_t) override {
    co_return std::nullopt;
  }
  runtime::Task<Result<bool>> replace_hash(std::int64_t, std::string, std::string) override {
    co_return false;
  }
  runtime::Task<Result<bool>> change_password_hash(std::int64_t, std::int64_t, std::string) override {
    co_return false;
  }
};

/// A directory of one user or none. The test changes it, and can make it fail.
class OneUser final : public credential::Directory {
 public:
  runtime::Task<Result<std::optional<credential::User>>> find(std::string name) override {
    ++asked;
    if (error) co_return tl::unexpected(*error);
    if (!user || user->name != name) co_return std::optional<credential::User>();
    co_return user;
  }
  runtime::Task<Result<std::optional<credential::User>>> find_by_id(std::int64_t id) override {
    if (error) co_return tl::unexpected(*error);
    std::optional<credential::User> found;
    if (user && user->id == id) found = user;
    auto passing = gate.pass();
    co_await passing;
    co_return found;
  }
  runtime::Task<Result<bool>> replace_hash(std::int64_t, std::string expected,
                                           std::string replacement) override {
    if (refuse_replacing) co_return failure(ErrorCode::kUnavailable, "no");
    if (user->password_hash != expected) co_return false;
    user->password_hash = std::move(replacement);
    co_return true;
  }
  runtime::Task<Result<bool>> change_password_hash(std::int64_t, std::int64_t, std::string) override {
    co_return false;
  }

  std::optional<credential::User> user;
  std::optional<Error> error;  ///< returned by every look while set
  bool refuse_replacing = false;
  int asked = 0;  ///< how often a name was looked up
  Gate gate;      ///< passed after a user is found by id, before the answer
};

class NoKnownAddresses final : public credential::KnownAddresses {
 public:
  runtime::Task<Result<bool>> knows(credential::KnownAddressHash, std::string, WallTime) override {
    co_return false;
  }
  runtime::Task<Result<void>> remember(credential::KnownAddressHash, credential::KnownUser,
                                       WallTime) override {
    auto passing = gate.pass();
    co_await passing;
    co_return Result<void>();
  }

  Gate gate;  ///< passed instead of remembering an address
};

}  // namespace latchkey::test
