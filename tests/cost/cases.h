// The requests that are sent: every route, with every method and in every form, and odd input of every kind.
// None needs a credential, and none gets as far as a hash. They are made from the API's own table of routes,
// so that new routes are included.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/openapi.h"

namespace latchkey::cost {

struct Case {
  std::string name;
  std::string bytes;               ///< of one request
  bool behind_proxy = false;       ///< the peer is a trusted proxy
  bool may_be_unanswered = false;  ///< the connection ends before its head or body does
};

/// The measure for the others: a check with a token that was never issued.
Case refused_check();

std::vector<Case> cases_of(std::span<const api::Route> routes);

}  // namespace latchkey::cost
