// Rendition: an answer on its way into the form that the client asked for (C-60, C-61, B-1). The resource
// writes its JSON as ever, into memory of the rendition, which then sends it on indented or as a page. Lives
// as long as one exchange; one core thread.
#pragma once

#include <string>
#include <vector>

#include "api/description.h"
#include "api/pages.h"
#include "api/prepared_bodies.h"
#include "latchkey/http/handler.h"
#include "latchkey/http/negotiation.h"
#include "latchkey/http/response.h"
#include "latchkey/http/written_answer.h"

namespace latchkey::api {

class Rendition {
 public:
  /// `exchange` outlives the object.
  explicit Rendition(http::Exchange& exchange);
  ~Rendition();
  Rendition(const Rendition&) = delete;
  Rendition& operator=(const Rendition&) = delete;

  /// What the resource is to answer.
  http::Exchange& inner() noexcept { return inner_; }

  /// Sends the answer of `inner` on with its JSON indented.
  void send_indented(PreparedBodies& bodies, std::size_t indent, BootTime now);

  /// Sends the answer of `inner` on as a page, or as it is where it has no body to show.
  /// `token_timeout`: for the answer to a visitor who is signed in (C-31).
  void send_page(const Pages& pages, const PreparedBodies& bodies, const ResourceDescription& description,
                 std::vector<Breadcrumb> breadcrumbs, const Visitor& visitor, std::string_view token_timeout,
                 BootTime now);

 private:
  /// Sends an answer without a body on as it is. False, with nothing written, where it has one.
  bool send_bodyless(const http::WrittenAnswer& answer, BootTime now);

  http::Exchange& exchange_;
  std::string written_;
  http::ResponseWriter writer_;
  http::Exchange inner_;
};

}  // namespace latchkey::api
