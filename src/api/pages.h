// Pages: HTML made from the templates in `src/api/page/` (Mustache), every value escaped. What does not
// change is rendered when the server starts, and an exchange fills the gaps. One object a core, made once;
// that core's thread only. `docs/contract.md` (B-1, B-2) says what is on them.
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

/// Who looks at a page, by the cookie that came with the request.
struct Visitor {
  std::string user_name;   ///< empty: not signed in
  std::string csrf_token;  ///< what an unsafe request by the cookie must carry; empty without a cookie
};

struct Breadcrumb {
  std::string_view name;
  std::string_view path;
};

/// One exchange with a resource, to be shown (B-1).
struct ShownExchange {
  const ResourceDescription& description;
  std::vector<Breadcrumb> breadcrumbs;  ///< from the root of the API to this resource
  std::string_view method;
  std::string_view path;
  std::string_view query;
  int status = 200;
  std::vector<http::WrittenHeader> headers;  ///< in the order in which they are shown
  std::string_view body;                     ///< as HTML (prepared_bodies.h)
};

class Pages {
 public:
  /// `settings` outlives the object.
  explicit Pages(const ApiSettings& settings);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  /// Renders what the pages of a resource have in common. Before the first of its exchanges is shown;
  /// `description` outlives the object.
  void prepare(const ResourceDescription& description);

  /// Each writes the body of an answer whose headers are written.
  void exchange(const ShownExchange& shown, const Visitor& visitor, http::ResponseWriter& response,
                BootTime now) const;
  void sign_in(http::ResponseWriter& response, BootTime now) const;
  void sessions(const Visitor& visitor, http::ResponseWriter& response, BootTime now) const;

 private:
  struct Rendered;

  const ApiSettings& settings_;
  const std::unique_ptr<Rendered> rendered_;
};

/// Adds the headers of every page: nothing from elsewhere is loaded, no other site frames it. `nosniff` is
/// not among them, which answers of other kinds have too.
void add_page_headers(http::ResponseWriter& response);

}  // namespace latchkey::api
