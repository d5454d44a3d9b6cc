// RequestContext: one request as a resource sees it. The sender, address and credentials are each found once,
// on first use. It also gives the answers that resources have in common, with the `Allow` of the resource and
// the time.
// Thread: the core's.
// Lifetime: while the request is being answered, on the stack of `answer_now` or in the frame of `answer`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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

/// An answer that has been begun. It takes any number of headers, then exactly one of `json`, `body` and
/// `end`.
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

/// Whether the peer is a `trusted_proxy` or at a Unix socket (C-34).
bool is_trusted_peer(const http::Exchange& exchange, const ApiSettings& settings) noexcept;

/// An answer that refuses a request, before a resource gives it its form.
struct Refusal {
  int status = 401;
  std::string detail;
  std::string_view challenge{};  ///< the value of `WWW-Authenticate`, of 401 alone
  std::int64_t retry_after = 0;  ///< seconds; 0: it makes no sense to try again
};

class RequestContext {
 public:
  /// `allow` is the resource's, or empty. `rules`: what the resource takes for credentials.
  /// Lifetime: everything passed in outlives the object.
  RequestContext(http::Exchange& exchange, Services& services, std::string_view allow,
                 CredentialRules rules) noexcept
      : exchange_(exchange), services_(services), allow_(allow), rules_(rules) {}
  RequestContext(const RequestContext&) = delete;
  RequestContext& operator=(const RequestContext&) = delete;

  const http::Exchange& exchange() const noexcept { return exchange_; }
  const http::RequestHead& head() const noexcept { return exchange_.head; }
  std::string_view body() const noexcept { return exchange_.body; }
  http::ResponseWriter& response() noexcept { return exchange_.response; }
  bool takes_basic() const noexcept { return rules_.basic; }

  /// The credentials that count (C-30). Of several cookies that is the one that admits. If none does, it is
  /// the first about which there is more to say than that it is unknown, or else the first.
  const Presented& presented() {
    if (!presented_) find_presented();
    return *presented_;
  }

  /// Whether what the request says of its client is believed (C-34).
  bool is_trusted_peer() const noexcept { return api::is_trusted_peer(exchange_, services_.settings); }

  /// False if the request comes from a Unix peer that names no client. Then nothing may be bound to an
  /// address or tried from one (C-34): `admission` admits nobody, and who needs `address` answers
  /// `refuse_nameless`.
  bool has_address() noexcept { return !exchange_.is_unix_peer || has_forwarded_address(); }
  /// The remote address (C-34).
  /// Requires: has_address().
  const net::IpAddress& address() noexcept;
  /// Logs that the address is not the client's because a setting is missing, if so. For logins, and for the
  /// first time that a token's address is seen on a connection.
  void watch_address();

  /// The hash that a token must be bound to for this request (C-35). The connection's memory supplies it if
  /// the address and agent are those of the last request.
  /// Requires: has_address().
  const store::BindingHash& binding();

  /// Whether the presented token is admitted: one look into the table, and a use of the token.
  /// Requires: the credentials are of kind kToken.
  token::Admission admission();

  /// Tells the access log, if there is one, what became of the request, and whose it is.
  /// Lifetime: `result` has static storage.
  void note(std::string_view result, std::int64_t user_id = 0) noexcept {
    if (exchange_.note == nullptr) [[likely]]
      return;
    exchange_.note->result = result;
    if (user_id != 0) exchange_.note->user_id = user_id;
  }

  /// Begins the answer with this status and the resource's `Allow`.
  Reply reply(int status) {
    Reply begun = reply_without_allow(status);
    if (!allow_.empty()) begun.header("Allow", allow_);
    return begun;
  }

  /// `{"detail":"..."}`
  void refuse(int status, std::string_view text) { reply(status).json(detail_json(text)); }
  /// 404 by C-71.
  void not_found() { refuse(404, "Not found."); }
  /// 405 by C-2.
  void method_not_allowed();
  /// 503 with `Retry-After`: a bound was reached or the disk failed (C-20).
  void unavailable(const Error& error) { refuse(unavailability(error)); }
  /// Answers 429 or 503 if the password was not tried. Returns false and writes nothing if it was.
  [[nodiscard]] bool untried(const PasswordVerdict& verdict);
  /// Says what is wrong with a body's fields.
  void refuse_body(const BodyFields& fields);
  /// 401 for credentials that admit nobody. `outcome` is that of the presented token, if there is one.
  void refuse_credentials(token::Outcome outcome) { refuse(refusal_of(outcome)); }
  /// Refuses what would have to be bound to an address that nobody names.
  void refuse_nameless() { refuse(nameless_refusal()); }

  /// Writes the refusal in JSON. What is wrong with the credentials is said without `Allow`.
  void refuse(const Refusal& refusal);
  /// What `refuse_credentials` answers.
  Refusal refusal_of(token::Outcome outcome);
  /// What `untried` answers, if it does.
  static std::optional<Refusal> refusal_of(const PasswordVerdict& verdict);
  /// What `refuse_nameless` answers. The log says once that the peer names nobody.
  Refusal nameless_refusal();
  /// 401 for Basic, with `detail` saying what is wrong with it.
  static Refusal basic_refusal(std::string_view detail);

 private:
  void find_presented();
  /// Kept out of line, away from requests with one cookie or none.
  [[gnu::noinline]] void choose_cookie();
  /// The one place that looks into the table, so that the look is part of it.
  /// Requires: has_address().
  token::Admission admission_of(const token::Token& token);
  Reply reply_without_allow(int status) {
    exchange_.response.status(status);
    return {exchange_.response, services_.now()};
  }
  bool has_forwarded_address() noexcept;
  static Refusal unavailability(const Error& error);

  http::Exchange& exchange_;
  Services& services_;
  const std::string_view allow_;
  const CredentialRules rules_;
  std::optional<TokenCookies> cookies_;
  std::optional<Presented> presented_;
  std::optional<net::IpAddress> address_;
};

/// The memory of the request's connection.
ConnectionBinding& connection_of(const http::Exchange& exchange) noexcept;

}  // namespace latchkey::api
