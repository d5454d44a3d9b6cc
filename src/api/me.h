// `/api/v2/me/`: who am I (C-36).
#pragma once

#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

class MeResource final : public Resource {
 public:
  explicit MeResource(Services& services);

  bool answer_now(http::Exchange& exchange, ConnectionBinding& binding) override;
  runtime::Task<void> answer(http::Exchange& exchange, ConnectionBinding& binding) override;

 private:
  Services& services_;
};

}  // namespace latchkey::api
