// `/api/v2/me/`: tells users who they are (C-36).
#pragma once

#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

class MeResource final : public Resource {
 public:
  explicit MeResource(Services& services);

  runtime::Task<void> answer(RequestContext& request) override;

 private:
  Services& services_;
};

}  // namespace latchkey::api
