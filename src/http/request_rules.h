// What a request head must be beyond its grammar: which target, Host, framing and expectations are taken (RFC
// 9112, RFC 9110 §10.1.1, C-30), and what they mean for the body and the connection. Pure functions, any
// thread.
#pragma once

#include "http/refusal.h"
#include "latchkey/http/request.h"

namespace latchkey::http {

/// Takes a head whose lines are parsed (method, target, path up to '?', query, version, headers, known) and
/// fills in what follows from them: path, body, content_length, keep_alive, expect_continue. The head counts
/// only if nothing is refused; but for its path, which is empty then unless the target was good.
Refusal apply_request_rules(RequestHead& head) noexcept;

}  // namespace latchkey::http
