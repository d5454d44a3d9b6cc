#include "http/known_header.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "latchkey/base/assert.h"
#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

constexpr std::array<std::string_view, kKnownHeaderCount> kNames = {
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Expect",
    "Authorization",
    "X-Auth-Token",
    "Cookie",
    "User-Agent",
    "X-Forwarded-For",
    "Forwarded",
    "Accept",
    "Content-Type",
    "X-Original-URL",
    "X-Original-Method",
    "X-Forwarded-Method",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Uri",
};

constexpr std::size_t kLongestName = 18;
constexpr std::size_t kShortestName = 4;
constexpr std::size_t kSlots = 64;

/// Length, first and last letter distinguish the known names. Bit 0x20 makes letters lower-case.
constexpr std::size_t slot_of(std::string_view name) noexcept {
  const auto first = static_cast<std::size_t>(name.front() | 0x20);
  const auto last = static_cast<std::size_t>(name.back() | 0x20);
  return (name.size() + first + last * 9) % kSlots;
}

struct Slot {
  std::array<char, kLongestName> lower_name{};
  std::uint8_t size = 0;
  KnownHeader header = KnownHeader::kOther;
};

constexpr std::array<Slot, kSlots> kTable = [] {
  std::array<Slot, kSlots> table{};
  for (std::size_t i = 0; i < kKnownHeaderCount; ++i) {
    Slot& slot = table[slot_of(kNames[i])];
    slot.header = static_cast<KnownHeader>(i);
    slot.size = static_cast<std::uint8_t>(kNames[i].size());
    for (std::size_t c = 0; c < kNames[i].size(); ++c) slot.lower_name[c] = to_lower(kNames[i][c]);
  }
  return table;
}();

constexpr bool every_name_has_its_own_slot() {
  for (std::size_t i = 0; i < kKnownHeaderCount; ++i) {
    if (kTable[slot_of(kNames[i])].header != static_cast<KnownHeader>(i)) return false;
    if (kNames[i].size() > kLongestName || kNames[i].size() < kShortestName) return false;
  }
  return true;
}
static_assert(every_name_has_its_own_slot(), "two names share a slot: choose other factors in slot_of");

template <class Word>
Word word_at(const char* bytes, std::size_t at) noexcept {
  Word word = 0;
  std::memcpy(&word, bytes + at, sizeof word);
  return word;
}

template <class Word>
constexpr Word kLowerCaseBits = static_cast<Word>(0x2020202020202020ULL);

/// Compares word by word; the last word overlaps its neighbour. Setting bit 0x20 is enough to ignore case: of
/// the token characters, only letters and '-' itself then become characters of a known name.
template <class Word>
bool equals_by_words(std::string_view name, const char* lower_name) noexcept {
  Word difference = 0;
  const std::size_t last = name.size() - sizeof(Word);
  for (std::size_t at = 0; at < last; at += sizeof(Word)) {
    difference |= (word_at<Word>(name.data(), at) | kLowerCaseBits<Word>)^word_at<Word>(lower_name, at);
  }
  difference |= (word_at<Word>(name.data(), last) | kLowerCaseBits<Word>)^word_at<Word>(lower_name, last);
  return difference == 0;
}

}  // namespace

KnownHeader find_known_header(std::string_view name) noexcept {
  if (name.size() < kShortestName || name.size() > kLongestName) return KnownHeader::kOther;
  const Slot& slot = kTable[slot_of(name)];
  if (slot.size != name.size()) return KnownHeader::kOther;
  const bool equal = name.size() >= sizeof(std::uint64_t)
                         ? equals_by_words<std::uint64_t>(name, slot.lower_name.data())
                         : equals_by_words<std::uint32_t>(name, slot.lower_name.data());
  return equal ? slot.header : KnownHeader::kOther;
}

std::string_view name_of(KnownHeader header) noexcept {
  LATCHKEY_ASSERT(header != KnownHeader::kOther);
  return kNames[static_cast<std::size_t>(header)];
}

}  // namespace latchkey::http
