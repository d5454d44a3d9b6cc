// DirectoryLoginCheck: asks the directory, on behalf of a shard, whether a login is still valid. One per
// shard.
// Thread: the shard's core.
#pragma once

#include <cstdint>

#include "latchkey/credential/directory.h"
#include "latchkey/token/shard.h"

namespace latchkey::api {

class DirectoryLoginCheck final : public token::LoginCheck {
 public:
  /// Lifetime: `directory`, that of the shard's core, outlives this object.
  explicit DirectoryLoginCheck(credential::Directory& directory) noexcept : directory_(directory) {}

  runtime::Task<Result<bool>> still_holds(std::int64_t user_id, std::int64_t password_number) override {
    return credential::still_holds(directory_, user_id, password_number);
  }

 private:
  credential::Directory& directory_;
};

}  // namespace latchkey::api
