#include "api/resource.h"

namespace latchkey::api {

runtime::Task<void> Resource::answer(http::Exchange&, ConnectionBinding&) {
  LATCHKEY_ASSERT(false);
  co_return;
}

}  // namespace latchkey::api
