// DirectoryLoginCheck: asks the directory, on behalf of a shard, whether a login is still valid and what the
// user's profile is. One per shard.
// Thread: the shard's core.
#pragma once

#include <cstdint>
#include <optional>

#include "latchkey/api/profile_parts.h"
#include "latchkey/credential/directory.h"
#include "latchkey/runtime/await.h"
#include "latchkey/token/shard.h"

namespace latchkey::api {

class DirectoryLoginCheck final : public token::LoginCheck {
 public:
  /// Lifetime: `directory`, that of the shard's core, outlives this object.
  explicit DirectoryLoginCheck(credential::Directory& directory) noexcept : directory_(directory) {}

  runtime::Task<Result<token::Standing>> standing_of(std::int64_t user_id,
                                                     std::int64_t password_number) override {
    LATCHKEY_CO_TRY(const std::optional<credential::User> user, directory_.find_by_id(user_id));
    if (!credential::still_holds(user, password_number)) co_return token::Standing{};
    co_return token::Standing{.holds = true, .profile = profile_parts(*user)};
  }

 private:
  credential::Directory& directory_;
};

}  // namespace latchkey::api
