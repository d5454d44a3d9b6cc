#include "latchkey/credential/directory.h"

#include "latchkey/runtime/await.h"

namespace latchkey::credential {

bool still_holds(const std::optional<User>& user, std::int64_t password_number) noexcept {
  return user.has_value() && user->active && user->password_number == password_number;
}

runtime::Task<Result<bool>> still_holds(Directory& directory, std::int64_t user_id,
                                        std::int64_t password_number) {
  LATCHKEY_CO_TRY(const std::optional<User> found, directory.find_by_id(user_id));
  co_return still_holds(found, password_number);
}

}  // namespace latchkey::credential
