// PathTemplate: the paths that lead to one resource. `/api/v2/me/` is itself; `/api/v2/me/tokens/{id}/` takes
// any one segment in place of the braces; `/auth/verify/{path*}` takes everything below. The notation is that
// of RFC 6570, as far as OpenAPI supports it.
// Thread: any; all are constants.
#pragma once

#include <string_view>

namespace latchkey::api {

class PathTemplate {
 public:
  /// Requires: `text` has at most one name in braces.
  explicit constexpr PathTemplate(std::string_view text) noexcept
      : text_(text), prefix_(text.substr(0, text.find('{'))) {
    const std::string_view rest = text.substr(prefix_.size());
    if (rest.empty()) return;
    const std::size_t close = rest.find('}');
    takes_all_ = rest[close - 1] == '*';
    name_ = rest.substr(1, close - (takes_all_ ? 2 : 1));
    suffix_ = rest.substr(close + 1);
  }

  bool matches(std::string_view path) const noexcept {
    if (name_.empty()) return path == text_;
    if (path.size() <= prefix_.size() + suffix_.size() && !takes_all_) return false;
    if (!path.starts_with(prefix_) || !path.ends_with(suffix_)) return false;
    return takes_all_ || segment_of(path).find('/') == std::string_view::npos;
  }

  /// The text in place of the braces.
  /// Requires: the path matches.
  std::string_view segment_of(std::string_view path) const noexcept {
    return path.substr(prefix_.size(), path.size() - prefix_.size() - suffix_.size());
  }

  std::string_view text() const noexcept { return text_; }
  /// The name in braces, or empty.
  std::string_view name() const noexcept { return name_; }

 private:
  std::string_view text_;
  std::string_view prefix_;
  std::string_view suffix_;
  std::string_view name_;
  bool takes_all_ = false;
};

/// The last segment of a path, without the slash behind it: what stands in place of a name at a template's
/// end, whichever of a resource's paths the request took.
constexpr std::string_view last_segment_of(std::string_view path) noexcept {
  if (path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

}  // namespace latchkey::api
