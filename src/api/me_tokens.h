// `/api/v2/me/tokens/` and `/api/v2/me/tokens/{id}/`: users see and end their live tokens. The tokens
// themselves are never shown.
#pragma once

#include "api/caller.h"
#include "api/path_template.h"
#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

inline constexpr PathTemplate kMyTokensPath{"/api/v2/me/tokens/"};
inline constexpr PathTemplate kMyTokenPath{"/api/v2/me/tokens/{id}/"};

/// The most tokens in one answer.
inline constexpr std::size_t kTokensPerPage = 100;

class MyTokensResource final : public Resource {
 public:
  explicit MyTokensResource(Services& services);

  runtime::Task<void> answer(RequestContext& request) override;

 private:
  runtime::Task<void> list(RequestContext& request, Caller caller);
  runtime::Task<void> end_all(RequestContext& request, Caller caller);

  Services& services_;
};

class MyTokenResource final : public Resource {
 public:
  explicit MyTokenResource(Services& services);

  runtime::Task<void> answer(RequestContext& request) override;

 private:
  Services& services_;
};

}  // namespace latchkey::api
