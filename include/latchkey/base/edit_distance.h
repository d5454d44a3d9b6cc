// How far two words are from each other, to find the one that was meant.
// Thread: any; a pure function.
#pragma once

#include <cstddef>
#include <string_view>

namespace latchkey {

/// Levenshtein's distance, except that swapping two neighbours is one edit.
std::size_t edit_distance(std::string_view left, std::string_view right);

}  // namespace latchkey
