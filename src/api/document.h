// DocumentResource: a resource whose GET returns one constant document: a listing (C-70), the ping, the
// OpenAPI document.
// Thread: its core's.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "api/resource.h"
#include "latchkey/api/services.h"

namespace latchkey::api {

class DocumentResource final : public Resource {
 public:
  explicit DocumentResource(const ResourceDescription& description) : Resource(description) {}

  /// Sets the document, compact JSON.
  /// Requires: no request has come yet.
  void set_document(std::string json) { json_ = std::move(json); }
  std::string_view document() const noexcept { return json_; }

  bool answer_now(RequestContext& request) override;

 private:
  std::string json_;
};

}  // namespace latchkey::api
