// Chart: draws curves over two axes as inline SVG, coloured by the page's style. Pure functions.
// Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latchkey::load {

struct Tick {
  double at = 0;
  std::string label;
};

/// The part from `from` to `to`, which must differ, is drawn; ticks outside are left out.
struct Axis {
  std::string name;
  double from = 0;
  double to = 1;
  std::vector<Tick> ticks;
};

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

/// At most this many curves have a colour of their own (classes `c0`, `c1` and so on).
inline constexpr std::size_t kCurveColours = 4;

/// An `<svg>` element; screen readers read `title` aloud.
/// Requires: no text needs escaping in XML.
std::string line_chart(std::string_view title, const Axis& x, const Axis& y,
                       const std::vector<Curve>& curves);

/// From 0 to `highest` or a little more, in four to ten round steps.
Axis linear_axis(std::string name, double highest, std::string (*label)(double value));

}  // namespace latchkey::load
