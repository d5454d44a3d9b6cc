#include "api/resource.h"

namespace latchkey::api {

runtime::Task<void> Resource::answer(RequestContext&) {
  LATCHKEY_ASSERT(false);
  co_return;
}

}  // namespace latchkey::api
