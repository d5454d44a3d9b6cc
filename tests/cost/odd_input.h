// Odd input, each at the greatest length that the server's limits allow: long, repeated, nested, cut to
// pieces, or wrong at its very end. Pure functions.
#pragma once

#include <string>
#include <vector>

namespace latchkey::cost {

struct OddTarget {
  std::string name;
  std::string suffix;  ///< of a path
};

struct OddLines {
  std::string name;
  std::string lines;  ///< field lines
  bool behind_proxy = false;
};

struct OddBody {
  std::string name;
  std::string lines;  ///< its Content-Type, and its framing unless that is its length
  std::string body;
};

struct OddHead {
  std::string name;
  std::string bytes;
};

std::vector<OddTarget> odd_targets();
std::vector<OddLines> odd_lines();
std::vector<OddBody> odd_bodies();
std::vector<OddHead> odd_heads();

}  // namespace latchkey::cost
