#include "latchkey/credential/directory.h"

namespace latchkey::credential {

runtime::Task<Result<bool>> still_holds(Directory& directory, std::int64_t user_id,
                                        std::int64_t password_number) {
  auto finding = directory.find_by_id(user_id);
  const Result<std::optional<User>> found = co_await finding;
  if (!found) co_return tl::unexpected(found.error());
  co_return found->has_value() && (*found)->active && (*found)->password_number == password_number;
}

}  // namespace latchkey::credential
