// `/` and `/api/static/{name}`: the page where a person signs in and sees their sessions, and the files that
// all pages use.
// Thread: its core's.
#pragma once

#include "api/credentials.h"
#include "api/pages.h"
#include "api/path_template.h"
#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

inline constexpr PathTemplate kHomePath{"/"};
inline constexpr PathTemplate kStaticPath{"/api/static/{name}"};

class HomeResource final : public Resource {
 public:
  /// Lifetime: both outlive the resource.
  HomeResource(Services& services, const Pages& pages);

  bool answer_now(RequestContext& request) override;

 private:
  Services& services_;
  const Pages& pages_;
};

class StaticResource final : public Resource {
 public:
  StaticResource();

  bool answer_now(RequestContext& request) override;
};

/// The visitor named by the request's cookie. Looking at a page is a use of the token (C-31).
Visitor visitor_of(RequestContext& request, const Services& services);

}  // namespace latchkey::api
