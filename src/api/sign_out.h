// `/auth/sign-out/`: a page with buttons that sign out, so that a link from elsewhere only opens it (S-3).
// `/auth/forbidden/`: the page for a person who may not enter.
// Thread: its core's.
#pragma once

#include "api/account_pages.h"
#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

class SignOutResource final : public Resource {
 public:
  /// Lifetime: both outlive the resource.
  SignOutResource(Services& services, const AccountPages& pages);

  bool answer_now(RequestContext& request) override;

 private:
  Services& services_;
  const AccountPages& pages_;
};

class ForbiddenResource final : public Resource {
 public:
  /// Lifetime: both outlive the resource.
  ForbiddenResource(Services& services, const AccountPages& pages);

  bool answer_now(RequestContext& request) override;

 private:
  Services& services_;
  const AccountPages& pages_;
};

}  // namespace latchkey::api
