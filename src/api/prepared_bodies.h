// PreparedBodies: the bodies that do not change (documents, descriptions), in each form in which they are
// asked for, which is made once. One object a core, made at start; that core's thread only.
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
  /// `json`, which is compact, outlives the object.
  void add(std::string_view json);

  /// As a page shows it: indented, and as HTML. Nothing for a body that was not added.
  std::optional<std::string_view> shown(std::string_view json) const noexcept;

  /// With `width` spaces a level, 1 to kMaxIndent. Made when it is first asked for.
  std::optional<std::string_view> indented(std::string_view json, std::size_t width);

 private:
  struct Body {
    std::string_view json;
    std::string shown;
    std::array<std::string, http::kMaxIndent> indented;
  };

  std::vector<Body> bodies_;
};

/// Any body as a page shows it.
std::string shown_json(std::string_view json);

}  // namespace latchkey::api
