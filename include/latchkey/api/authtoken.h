// `/api/v2/authtoken/`: the token resource: POST obtains a token (C-10 to C-21), DELETE ends one (C-40),
// OPTIONS describes it (C-50).
#pragma once

#include "latchkey/api/login_fields.h"
#include "latchkey/api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

class AuthTokenResource final : public Resource {
 public:
  explicit AuthTokenResource(Services& services)
      : services_(services), fields_reader_(services.settings.max_body_bytes) {}

  std::string_view allow() const noexcept override { return "POST, DELETE, OPTIONS"; }
  bool answer_now(http::Exchange& exchange, ConnectionBinding& binding) override;
  runtime::Task<void> answer(http::Exchange& exchange, ConnectionBinding& binding) override;

 private:
  runtime::Task<void> obtain(http::Exchange& exchange, ConnectionBinding& binding);
  runtime::Task<void> answer_failed(http::Exchange& exchange, const credential::User& user,
                                    const Error& error, net::IpAddress address, BootTime began);
  runtime::Task<void> refuse(http::Exchange& exchange, std::string name, net::IpAddress address,
                             BootTime began);
  bool answer_verdict(http::Exchange& exchange, const PasswordVerdict& verdict, std::string_view name,
                      const net::IpAddress& address);
  void answer_refused_login(http::Exchange& exchange, std::string_view name, const net::IpAddress& address);
  runtime::Task<void> invalidate(http::Exchange& exchange, ConnectionBinding& binding);
  void answer_invalidated(http::Exchange& exchange);

  Services& services_;
  LoginFieldsReader fields_reader_;
};

}  // namespace latchkey::api
