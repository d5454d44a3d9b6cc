// PreparedBodies: the constant bodies (documents, descriptions), in each form that is asked for. Each form is
// made once.
// Thread: its core's; one object per core, made at start.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/http/negotiation.h"

namespace latchkey::api {

class PreparedBodies {
 public:
  /// Lifetime: `json`, which is compact, outlives the object.
  void add(std::string_view json);

  /// The body as a page shows it: indented, as HTML. Nothing for a body that was not added.
  std::optional<std::string_view> shown(std::string_view json) const noexcept;

  /// The body with `width` spaces per level, 1 to kMaxIndent. Made on first use.
  std::optional<std::string_view> indented(std::string_view json, std::size_t width);

 private:
  struct Body {
    std::string_view json;
    std::string shown;
    std::array<std::string, http::kMaxIndent> indented;
  };

  std::vector<Body> bodies_;
};

/// Any body, as a page shows it.
std::string shown_json(std::string_view json);

}  // namespace latchkey::api
