#include "load/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace latchkey::load {

namespace {

// Sizes in the drawing's own units; the page scales it.
constexpr double kWidth = 760;
constexpr double kHeight = 300;
constexpr double kLeft = 70;
constexpr double kRight = 34;
constexpr double kTop = 26;
constexpr double kBottom = 44;

double x_of(const Axis& axis, double value) noexcept {
  return kLeft + (value - axis.from) / (axis.to - axis.from) * (kWidth - kLeft - kRight);
}

double y_of(const Axis& axis, double value) noexcept {
  return kHeight - kBottom - (value - axis.from) / (axis.to - axis.from) * (kHeight - kTop - kBottom);
}

bool is_on(const Axis& axis, double value) noexcept { return value >= axis.from && value <= axis.to; }

void draw_axes(std::string& out, const Axis& x, const Axis& y) {
  for (const Tick& tick : x.ticks) {
    if (!is_on(x, tick.at)) continue;
    const double at = x_of(x, tick.at);
    out += fmt::format(R"(<line class="grid" x1="{0:.1f}" y1="{1}" x2="{0:.1f}" y2="{2}"/>)", at, kTop,
                       kHeight - kBottom);
    out += fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>)", at,
                       kHeight - kBottom + 16, tick.label);
  }
  for (const Tick& tick : y.ticks) {
    if (!is_on(y, tick.at)) continue;
    const double at = y_of(y, tick.at);
    out += fmt::format(R"(<line class="grid" x1="{1}" y1="{0:.1f}" x2="{2}" y2="{0:.1f}"/>)", at, kLeft,
                       kWidth - kRight);
    out +=
        fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{}</text>)", kLeft - 6, at + 4, tick.label);
  }
  out +=
      fmt::format(R"(<text x="{}" y="{}" text-anchor="end">{}</text>)", kWidth - kRight, kHeight - 8, x.name);
  out += fmt::format(R"(<text x="4" y="14">{}</text>)", y.name);
}

void draw_curve(std::string& out, const Axis& x, const Axis& y, const Curve& curve, std::size_t colour) {
  out += fmt::format(R"(<polyline class="curve c{}" points=")", colour);
  for (const auto& [at, value] : curve.points) {
    out += fmt::format("{:.1f},{:.1f} ", x_of(x, std::clamp(at, x.from, x.to)),
                       y_of(y, std::clamp(value, y.from, y.to)));
  }
  out += R"("/>)";
}

void draw_legend(std::string& out, const std::vector<Curve>& curves) {
  constexpr double kLegendStep = 120;
  double at = kWidth - kRight - kLegendStep * static_cast<double>(curves.size());
  for (std::size_t i = 0; i < curves.size(); ++i, at += kLegendStep) {
    out += fmt::format(R"(<line class="curve c{}" x1="{}" y1="10" x2="{}" y2="10"/>)", i % kCurveColours, at,
                       at + 18);
    out += fmt::format(R"(<text x="{}" y="14">{}</text>)", at + 24, curves[i].name);
  }
}

}  // namespace

std::string line_chart(std::string_view title, const Axis& x, const Axis& y,
                       const std::vector<Curve>& curves) {
  std::string out =
      fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)", kWidth, kHeight, title);
  draw_axes(out, x, y);
  for (std::size_t i = 0; i < curves.size(); ++i) draw_curve(out, x, y, curves[i], i % kCurveColours);
  if (curves.size() > 1) draw_legend(out, curves);
  return out + "</svg>\n";
}

Axis linear_axis(std::string name, double highest, std::string (*label)(double value)) {
  Axis axis;
  axis.name = std::move(name);
  const double span = highest > 0 ? highest : 1;
  const double decade = std::pow(10, std::floor(std::log10(span)));
  const double step = span / decade > 5 ? decade : span / decade > 2 ? decade / 2 : decade / 4;
  const double steps = std::ceil(span / step);
  axis.to = steps * step;
  for (double i = 0; i <= steps; ++i) axis.ticks.push_back({i * step, label(i * step)});
  return axis;
}

}  // namespace latchkey::load
