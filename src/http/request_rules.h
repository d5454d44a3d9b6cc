// What a request head must be beyond its grammar: which targets, Hosts, framings and expectations are
// accepted (RFC 9112, RFC 9110 §10.1.1, C-30), and what they mean for the body and the connection.
// Thread: any; a pure function.
#pragma once

#include "http/refusal.h"
#include "latchkey/http/request.h"

namespace latchkey::http {

/// Takes a head with parsed lines (method, target, path up to '?', query, version, headers, known) and
/// derives the rest: path, body, content_length, keep_alive, expect_continue. If the head is refused, only
/// its path is valid, and that is empty unless the target was good. All of it is valid if the refusal is
/// readable.
Refusal apply_request_rules(RequestHead& head) noexcept;

}  // namespace latchkey::http
