// What is sent: every route, by every method and in every form, and odd input of every kind; none needs a
// credential, and none comes as far as a hash. Made from the API's own table of routes, so that what is new
// is among them.
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
  bool may_be_unanswered = false;  ///< it ends before its head or body does
};

/// What the others are measured by: a check with a token that nobody was given.
Case refused_check();

std::vector<Case> cases_of(std::span<const api::Route> routes);

}  // namespace latchkey::cost
