// `/api/v2/me/password/`: users set a new password, given the current one. That ends their other tokens.
#pragma once

#include "api/body_fields.h"
#include "api/caller.h"
#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

/// The least length of a new password (NIST SP 800-63B, for use with another factor or a limit on attempts).
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
