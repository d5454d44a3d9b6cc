// Pages: the pages of resources, HTML made from the templates in `src/api/page/` (Mustache), with every value
// escaped. Constant parts are rendered when the server starts, and an exchange fills the gaps.
// `docs/contract.md` (B-1, B-2) says what the pages show.
// Thread: its core's; one object per core.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/description.h"
#include "latchkey/api/settings.h"
#include "latchkey/http/response.h"
#include "latchkey/http/written_answer.h"

namespace latchkey::api {

inline constexpr std::string_view kHtmlType = "text/html; charset=utf-8";

/// The person who looks at a page, by the cookie that came with the request.
struct Visitor {
  std::string user_name;   ///< empty: not signed in
  std::string csrf_token;  ///< to be sent with an unsafe request by the cookie; empty without a cookie
  std::vector<std::string> groups{};  ///< sorted
};

struct Breadcrumb {
  std::string_view name;
  std::string_view path;
};

/// One exchange with a resource, to be shown on a page (B-1).
struct ShownExchange {
  const ResourceDescription& description;
  std::vector<Breadcrumb> breadcrumbs;  ///< from the root of the API to this resource
  std::string_view method;
  std::string_view path;
  std::string_view query;
  int status = 200;
  std::vector<http::WrittenHeader> headers;  ///< in the order to be shown
  std::string_view body;                     ///< as HTML (prepared_bodies.h)
};

class Pages {
 public:
  /// Lifetime: `settings` outlives the object.
  explicit Pages(const ApiSettings& settings);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  /// Renders what the pages of a resource have in common. Call it before the resource's first exchange is
  /// shown.
  /// Lifetime: `description` outlives the object.
  void prepare(const ResourceDescription& description);

  /// Writes the body of an answer whose headers have been written.
  void exchange(const ShownExchange& shown, const Visitor& visitor, http::ResponseWriter& response,
                BootTime now) const;

 private:
  struct Rendered;

  const ApiSettings& settings_;
  const std::unique_ptr<Rendered> rendered_;
};

}  // namespace latchkey::api
