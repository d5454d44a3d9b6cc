#include "http/known_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "latchkey/http/characters.h"

namespace latchkey::http {
namespace {

TEST(KnownHeader, EveryNameIsFoundInEveryCase) {
  for (std::size_t i = 0; i < kKnownHeaderCount; ++i) {
    const auto header = static_cast<KnownHeader>(i);
    std::string name(name_of(header));
    EXPECT_EQ(find_known_header(name), header) << name;
    std::transform(name.begin(), name.end(), name.begin(), to_lower);
    EXPECT_EQ(find_known_header(name), header) << name;
    for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 0x20 : c);
    EXPECT_EQ(find_known_header(name), header) << name;
  }
}

TEST(KnownHeader, NoNameIsFoundWithAnyOneCharacterChanged) {
  for (std::size_t i = 0; i < kKnownHeaderCount; ++i) {
    const std::string name(name_of(static_cast<KnownHeader>(i)));
    for (std::size_t place = 0; place < name.size(); ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string other = name;
        other[place] = static_cast<char>(byte);
        if (!all_are(kTokenCharacter, other) || equals_ignoring_case(other, name)) continue;
        EXPECT_EQ(find_known_header(other), KnownHeader::kOther) << other;
      }
    }
    EXPECT_EQ(find_known_header(name + "s"), KnownHeader::kOther);
    EXPECT_EQ(find_known_header(name.substr(1)), KnownHeader::kOther);
  }
  EXPECT_EQ(find_known_header(""), KnownHeader::kOther);
}

}  // namespace
}  // namespace latchkey::http
