// RequestContext: one request as a resource sees it. Who sends it, from where, with which credentials, is
// found when it is first asked for, and once; and it gives the answers that resources have in common, with
// the `Allow` of the resource and the time. Lives as long as the request is being answered: on the stack of
// `answer_now`, in the frame of the task of `answer`. Thread: the core's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "api/body_fields.h"
#include "api/connection_binding.h"
#include "api/credentials.h"
#include "latchkey/api/answers.h"
#include "latchkey/api/password_check.h"
#include "latchkey/api/services.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/http/handler.h"
#include "latchkey/net/address.h"
#include "latchkey/token/registry.h"

namespace latchkey::api {

/// An answer that has been begun: any number of headers, then exactly one of `json`, `body` and `end`.
class Reply {
 public:
  Reply(http::ResponseWriter& response, BootTime now) noexcept : response_(response), now_(now) {}

  Reply& header(std::string_view name, std::string_view value) {
    response_.header(name, value);
    return *this;
  }
  Reply& header(std::string_view name, std::int64_t value) {
    response_.header(name, value);
    return *this;
  }
  void json(std::string_view text) { body(kJsonType, text); }
  void body(std::string_view type, std::string_view text) { response_.body(type, text, now_); }
  void end() { response_.no_body(now_); }

 private:
  http::ResponseWriter& response_;
  const BootTime now_;
};

class RequestContext {
 public:
  /// `allow`: the resource's, or empty. `takes_basic`: whether it takes Basic (C-30). Lifetime: all that is
  /// passed in outlives the object.
  RequestContext(http::Exchange& exchange, Services& services, std::string_view allow,
                 bool takes_basic) noexcept
      : exchange_(exchange), services_(services), allow_(allow), takes_basic_(takes_basic) {}
  RequestContext(const RequestContext&) = delete;
  RequestContext& operator=(const RequestContext&) = delete;

  const http::Exchange& exchange() const noexcept { return exchange_; }
  const http::RequestHead& head() const noexcept { return exchange_.head; }
  std::string_view body() const noexcept { return exchange_.body; }
  http::ResponseWriter& response() noexcept { return exchange_.response; }
  bool takes_basic() const noexcept { return takes_basic_; }

  /// The credentials that the request shows (C-30).
  const Presented& presented() noexcept {
    if (!presented_) presented_ = find_credentials(exchange_.head, takes_basic_);
    return *presented_;
  }

  /// The remote address (C-34).
  const net::IpAddress& address() noexcept;
  /// Has it said in the log where the address is not the client's for want of a setting: for a login, and
  /// when a token's address is first seen on a connection.
  void watch_address();

  /// The hash that a token must be bound to for this request (C-35); from the connection's memory where the
  /// address and the agent are the last request's.
  const store::BindingHash& binding();

  /// What the presented token is worth: one look into the table, and a use of the token. Requires: it is of
  /// kind kToken.
  token::Admission admission();

  /// The answer with this status and the resource's `Allow`.
  Reply reply(int status) {
    exchange_.response.status(status);
    if (!allow_.empty()) exchange_.response.header("Allow", allow_);
    return {exchange_.response, services_.now()};
  }

  /// `{"detail":"..."}`
  void refuse(int status, std::string_view text) { reply(status).json(detail_json(text)); }
  /// 404 by C-71.
  void not_found() { answer_not_found(exchange_.response, allow_, services_.now()); }
  /// 405 by C-2.
  void method_not_allowed() {
    answer_method_not_allowed(exchange_.response, allow_, exchange_.head.method_text, services_.now());
  }
  /// 503 with `Retry-After`: a bound was reached, or the disk refused (C-20).
  void unavailable(const Error& error) {
    answer_unavailable(exchange_.response, allow_, error, services_.now());
  }
  /// 429 or 503 where a password was not tried. False, with nothing written, where it was.
  [[nodiscard]] bool untried(const PasswordVerdict& verdict) {
    return answer_untried(exchange_.response, allow_, verdict, services_.now());
  }
  /// What is wrong with a body's fields.
  void refuse_body(const BodyFields& fields);
  /// 401 (or 400 for a credential that stands twice) for credentials that admit nobody. `outcome` is of the
  /// presented token, if it is one.
  void refuse_credentials(token::Outcome outcome);
  /// 401 for Basic, with what is wrong with it.
  void refuse_basic(std::string_view detail);

 private:
  /// 401 without `Allow`.
  void challenge(std::string_view scheme, std::string_view detail);

  http::Exchange& exchange_;
  Services& services_;
  const std::string_view allow_;
  const bool takes_basic_;
  std::optional<Presented> presented_;
  std::optional<net::IpAddress> address_;
};

/// The memory of the request's connection.
ConnectionBinding& connection_of(const http::Exchange& exchange) noexcept;

}  // namespace latchkey::api
