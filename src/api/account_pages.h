// AccountPages: the pages that are no resource's: signing in, one's sessions, signing out, and not being let
// in (S-10). Like those of resources (pages.h) they are rendered when the server starts, and a request fills
// the gaps.
// Thread: its core's; one object per core.
#pragma once

#include <memory>
#include <string_view>

#include "api/page_place.h"
#include "api/pages.h"
#include "latchkey/api/settings.h"
#include "latchkey/http/response.h"

namespace latchkey::api {

/// Where a person goes on to. Both texts are empty if that is nowhere.
struct Goal {
  std::string_view url;  ///< checked: a page may lead there
  std::string_view host;

  bool is_set() const noexcept { return !url.empty(); }
};

/// Who looks at a page, which stands where, and leads where.
struct Look {
  Place place;
  const Visitor& visitor;
  Goal goal{};
};

class AccountPages {
 public:
  /// Lifetime: `settings` outlives the object.
  explicit AccountPages(const ApiSettings& settings);
  ~AccountPages();
  AccountPages(const AccountPages&) = delete;
  AccountPages& operator=(const AccountPages&) = delete;

  // Each of these adds the headers of a page and writes the body of an answer whose status has been written.

  /// The form to sign in.
  void sign_in(const Look& look, http::ResponseWriter& response, BootTime now) const;
  /// The same for a visitor who is signed in, and whom the goal has sent back.
  void sign_in_again(const Look& look, http::ResponseWriter& response, BootTime now) const;
  /// The visitor's sessions.
  void sessions(const Look& look, http::ResponseWriter& response, BootTime now) const;
  /// Two buttons for a visitor who is signed in. `is_change`: to sign in as somebody else, who then goes on.
  void sign_out(const Look& look, bool is_change, http::ResponseWriter& response, BootTime now) const;
  /// That the visitor may not enter the goal. It needs no script, and its links lead to the other pages. If
  /// the answer is not to a request for this server's own page but is handed on by a proxy, `origin` is that
  /// of the sign-in page (`https://auth.example.com`), and is used in place of `look.place`.
  void forbidden(const Look& look, std::string_view origin, http::ResponseWriter& response,
                 BootTime now) const;

 private:
  struct Rendered;

  const ApiSettings& settings_;
  const std::unique_ptr<const Rendered> rendered_;
};

}  // namespace latchkey::api
