// Skeleton: a page rendered once, with gaps for what differs between requests. A template engine takes
// hundreds of microseconds per page, which anybody could make a core spend. Filling gaps costs as much as a
// copy.
// Thread: any; constant once made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::api {

/// The parts that differ between pages of a kind.
enum class Gap : std::uint8_t {
  kAccount,  ///< the user's name, or the words for signing in
  kVersion,
  kHome,     ///< the path of the page of one's sessions
  kFiles,    ///< what the paths of style, script and icon begin with
  kApiLink,  ///< HTML
  kHost,     ///< of where one goes on to, whose URL is kNext
  kNext,
  kSignInLink,
  kSignOutLink,
  kLeaveLink,
  kCsrfToken,
  kUserName,
  kPath,
  kBreadcrumbs,  ///< HTML, like kHeaders
  kJsonLink,
  kPageLink,
  kRequestLine,
  kStatusLine,
  kHeaders,
  kBody,
  kName,  ///< in a row: of a header or a breadcrumb
  kValue,
};
inline constexpr std::size_t kGaps = static_cast<std::size_t>(Gap::kValue) + 1;

/// The contents of a page's gaps, as HTML. Plain text must be escaped already.
class GapTexts {
 public:
  void set(Gap gap, std::string_view html) noexcept { texts_[static_cast<std::size_t>(gap)] = html; }
  std::string_view of(Gap gap) const noexcept { return texts_[static_cast<std::size_t>(gap)]; }

 private:
  std::array<std::string_view, kGaps> texts_{};
};

class Skeleton {
 public:
  /// `rendered` has the mark of each gap where its text belongs.
  explicit Skeleton(std::string rendered);

  /// Marks a gap in a rendered page. No template and no escaped text contains it.
  static std::string mark_of(Gap gap);

  /// The page in pieces, which are views of the skeleton and of `texts`.
  std::vector<std::string_view> filled(const GapTexts& texts) const;
  void append_filled(std::string& out, const GapTexts& texts) const;

 private:
  struct Piece {
    std::size_t begin;
    std::size_t end;
    Gap gap;  ///< after the piece; unused in the last
  };

  std::string rendered_;
  std::vector<Piece> pieces_;
};

/// Appends `text` with the characters special to HTML (& < > " ') as references.
void append_html_escaped(std::string& out, std::string_view text);

}  // namespace latchkey::api
