// Who sends a request: from the credentials that it shows to a user, or to the refusal that C-32 says. A
// token is looked up at once; Basic needs the hash pool and so a task. One core thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/credentials.h"
#include "api/memo.h"
#include "latchkey/api/services.h"
#include "latchkey/base/result.h"
#include "latchkey/http/handler.h"
#include "latchkey/runtime/task.h"
#include "latchkey/token/registry.h"

namespace latchkey::api {

/// The remote address of a request (C-34).
net::IpAddress remote_address_of(const http::Exchange& exchange, const Services& services) noexcept;

/// Has it said in the log where `address`, the remote one of a request, is not its client's for want of a
/// setting. For a login, and when a token's address is first seen on a connection.
void watch_address(const http::Exchange& exchange, const net::IpAddress& address, const Services& services);

/// The hash that a token must be bound to for this request (C-35); from the connection's memory where the
/// address and the agent are the last request's.
const store::BindingHash& binding_of(const http::Exchange& exchange, ConnectionBinding& binding,
                                     const Services& services);

/// What the token of a request is worth: one look into the table. `presented.kind` is kToken.
token::Admission admission_of(const http::Exchange& exchange, const Presented& presented,
                              ConnectionBinding& binding, const Services& services);

/// 401 (or 400 for a credential that stands twice) for credentials that admit nobody. `outcome` counts for
/// kind kToken only. `basic`: whether the resource takes Basic, for the challenge.
void answer_refused(http::Exchange& exchange, const Presented& presented, token::Outcome outcome, bool basic,
                    const Services& services);

/// Who sends a request to a resource that takes a user's credentials (C-36).
struct Caller {
  std::int64_t user_id = 0;  ///< 0: refused, and answered already
  std::string name;
  std::optional<http::TokenBytes> token;  ///< nothing where it was Basic
};

/// Finds out who sends the request, by token or by Basic, and answers where it is nobody who may. `allow`: of
/// the resource, which outlives the task. Every answer to a caller who is known carries `Auth-Token-Timeout`
/// where it was by token (C-31).
runtime::Task<Caller> identify(http::Exchange& exchange, ConnectionBinding& binding, std::string_view allow,
                               Services& services);

/// Checks Basic credentials as a login would be (C-30), and answers 401, 429 or 503 where they admit nobody.
/// `allow` is the resource's, or empty; what it refers to outlives the task.
runtime::Task<Caller> check_basic(http::Exchange& exchange, std::string_view word, std::string_view allow,
                                  Services& services);

}  // namespace latchkey::api
