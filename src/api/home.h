// `/` and `/auth/`: the page where a person signs in and sees their sessions; `/auth/static/{name}` and
// `/api/static/{name}`: the files that all pages use.
// Thread: its core's.
#pragma once

#include <optional>

#include "api/account_pages.h"
#include "api/credentials.h"
#include "api/pages.h"
#include "api/resource.h"
#include "latchkey/api/services.h"
#include "latchkey/api/sites.h"

namespace latchkey::api {

class HomeResource final : public Resource {
 public:
  /// Lifetime: both outlive the resource.
  HomeResource(Services& services, const AccountPages& pages);

  bool answer_now(RequestContext& request) override;

 private:
  void send_on(RequestContext& request, const Destination& destination) const;

  Services& services_;
  const AccountPages& pages_;
};

class StaticResource final : public Resource {
 public:
  StaticResource();

  bool answer_now(RequestContext& request) override;
};

/// The visitor named by the request's cookie. Looking at a page is a use of the token (C-31).
Visitor visitor_of(RequestContext& request, const Services& services);

/// Where the query's `rd` leads, percent-decoded: nothing unless it is the URL of a guarded site (S-9).
std::optional<Destination> destination_of(const http::RequestHead& head, const Sites& sites);

/// The same for a page.
/// Lifetime: `destination` outlives the goal.
Goal goal_of(const std::optional<Destination>& destination) noexcept;

}  // namespace latchkey::api
