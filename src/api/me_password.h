// `/api/v2/me/password/`: the user sets a new password, by the current one; that ends his other tokens.
#pragma once

#include "api/body_fields.h"
#include "api/caller.h"
#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

/// Characters of a new password (NIST SP 800-63B, where another factor or a limit on attempts stands beside
/// it).
inline constexpr std::size_t kMinNewPasswordCharacters = 8;

class MyPasswordResource final : public Resource {
 public:
  explicit MyPasswordResource(Services& services);

  runtime::Task<void> answer(RequestContext& request) override;

 private:
  runtime::Task<void> change(RequestContext& request, Caller caller, credential::User user,
                             SecretText password);
  void refuse(RequestContext& request);

  Services& services_;
  BodyFieldsReader fields_reader_;
};

}  // namespace latchkey::api
