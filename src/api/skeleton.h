// Skeleton: a page that was rendered once, with gaps for what differs from one request to the next. A
// template engine costs hundreds of microseconds a page, which anybody could have a core spend; to fill gaps
// costs what a copy does. Constants once they are made; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::api {

/// What differs from one page of a kind to the next.
enum class Gap : std::uint8_t {
  kAccount,  ///< the user's name, or where to sign in
  kCsrfToken,
  kUserName,
  kPath,
  kBreadcrumbs,  ///< HTML, as kHeaders is
  kJsonLink,
  kPageLink,
  kRequestLine,
  kStatusLine,
  kHeaders,
  kBody,
  kName,  ///< of a row: a header, a breadcrumb
  kValue,
};
inline constexpr std::size_t kGaps = static_cast<std::size_t>(Gap::kValue) + 1;

/// The texts for a page's gaps, as HTML: escaped, where they are text.
class GapTexts {
 public:
  void set(Gap gap, std::string_view html) noexcept { texts_[static_cast<std::size_t>(gap)] = html; }
  std::string_view of(Gap gap) const noexcept { return texts_[static_cast<std::size_t>(gap)]; }

 private:
  std::array<std::string_view, kGaps> texts_{};
};

class Skeleton {
 public:
  /// `rendered`: with the mark of each gap where its text is to stand.
  explicit Skeleton(std::string rendered);

  /// Stands for a gap in what is rendered: no template, and nothing that is escaped, has it in it.
  static std::string mark_of(Gap gap);

  /// The page in pieces, which are views of the skeleton and of `texts`.
  std::vector<std::string_view> filled(const GapTexts& texts) const;
  void append_filled(std::string& out, const GapTexts& texts) const;

 private:
  struct Piece {
    std::size_t begin;
    std::size_t end;
    Gap gap;  ///< behind it; not of the last
  };

  std::string rendered_;
  std::vector<Piece> pieces_;
};

/// Appends `text` with what HTML gives a meaning to (& < > " ') as references.
void append_html_escaped(std::string& out, std::string_view text);

}  // namespace latchkey::api
