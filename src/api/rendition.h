// Rendition: turns an answer into the form that the client asked for (C-60, C-61, B-1). The resource writes
// its JSON as usual, into memory of the rendition, which then sends it indented or as a page.
// Thread: its core's.
// Lifetime: that of one exchange.
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
  /// Lifetime: `exchange` outlives the object.
  explicit Rendition(http::Exchange& exchange);
  ~Rendition();
  Rendition(const Rendition&) = delete;
  Rendition& operator=(const Rendition&) = delete;

  /// The exchange for the resource to answer.
  http::Exchange& inner() noexcept { return inner_; }

  /// Sends the answer of `inner` with its JSON indented.
  void send_indented(PreparedBodies& bodies, std::size_t indent, BootTime now);

  /// Sends the answer of `inner` as a page, or unchanged if it has no body to show. `token_timeout` is for a
  /// visitor who is signed in (C-31).
  void send_page(const Pages& pages, const PreparedBodies& bodies, const ResourceDescription& description,
                 std::vector<Breadcrumb> breadcrumbs, const Visitor& visitor, std::string_view token_timeout,
                 BootTime now);

 private:
  /// Sends an answer without a body unchanged. Returns false and writes nothing if it has one.
  bool send_bodyless(const http::WrittenAnswer& answer, BootTime now);

  http::Exchange& exchange_;
  std::string written_;
  std::size_t prepared_bytes_ = 0;  ///< at the end of `written_`: a body that never changes
  http::ResponseWriter writer_;
  http::Exchange inner_;
};

}  // namespace latchkey::api
