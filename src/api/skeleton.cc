#include "api/skeleton.h"

#include <cstring>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::api {

namespace {

// A control character, which HTML never needs, followed by the gap's letter.
constexpr char kMark = '\x01';
constexpr char kFirstLetter = 'A';

/// The reference for a character that is special in HTML, or empty.
constexpr std::string_view reference_of(char c) noexcept {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&apos;";
    default:
      return {};
  }
}

/// A character in HTML, followed by padding. A store of fixed size costs less than one that depends on the
/// length of the text.
struct HtmlText {
  std::array<char, 7> text;
  std::uint8_t bytes;
};

constexpr std::array<HtmlText, 256> kHtmlTexts = [] {
  std::array<HtmlText, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const char itself = static_cast<char>(c);
    const std::string_view reference = reference_of(itself);
    const std::string_view text = reference.empty() ? std::string_view(&itself, 1) : reference;
    for (std::size_t i = 0; i < text.size(); ++i) table[c].text[i] = text[i];
    table[c].bytes = static_cast<std::uint8_t>(text.size());
  }
  return table;
}();

}  // namespace

Skeleton::Skeleton(std::string rendered) : rendered_(std::move(rendered)) {
  std::size_t begin = 0;
  for (std::size_t at = rendered_.find(kMark); at != std::string::npos; at = rendered_.find(kMark, begin)) {
    LATCHKEY_ASSERT(at + 1 < rendered_.size());
    const auto gap = static_cast<std::size_t>(rendered_[at + 1] - kFirstLetter);
    LATCHKEY_ASSERT(gap < kGaps);
    pieces_.push_back({begin, at, static_cast<Gap>(gap)});
    begin = at + 2;
  }
  pieces_.push_back({begin, rendered_.size(), Gap::kValue});
}

std::string Skeleton::mark_of(Gap gap) {
  return {kMark, static_cast<char>(kFirstLetter + static_cast<char>(gap))};
}

std::vector<std::string_view> Skeleton::filled(const GapTexts& texts) const {
  std::vector<std::string_view> filled;
  filled.reserve(2 * pieces_.size());
  for (const Piece& piece : pieces_) {
    filled.push_back(std::string_view(rendered_).substr(piece.begin, piece.end - piece.begin));
    if (&piece != &pieces_.back()) filled.push_back(texts.of(piece.gap));
  }
  return filled;
}

void Skeleton::append_filled(std::string& out, const GapTexts& texts) const {
  for (const std::string_view piece : filled(texts)) out += piece;
}

void append_html_escaped(std::string& out, std::string_view text) {
  std::size_t bytes = 0;
  for (const char c : text) bytes += kHtmlTexts[static_cast<unsigned char>(c)].bytes;
  if (bytes == text.size()) {
    out += text;
    return;
  }
  const std::size_t before = out.size();
  out.resize(before + bytes + sizeof(HtmlText::text));
  char* to = out.data() + before;
  for (const char c : text) {
    const HtmlText& html = kHtmlTexts[static_cast<unsigned char>(c)];
    std::memcpy(to, html.text.data(), html.text.size());
    to += html.bytes;
  }
  out.resize(before + bytes);
}

}  // namespace latchkey::api
