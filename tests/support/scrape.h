// A scrape of a server's metrics at admin_listen, as Prometheus would read it.
// Thread: one.
#pragma once

#include <cstdint>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include "support/http_client.h"

namespace latchkey::test {

class Scrape {
 public:
  /// Throws ClientError if /metrics is not answered.
  explicit Scrape(std::uint16_t admin_port) {
    HttpClient client(admin_port);
    const Response response = client.request("GET", "/metrics");
    if (response.status != 200) throw ClientError("no metrics: " + std::to_string(response.status));
    text_ = response.body;
    std::istringstream lines(text_);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('#')) continue;
      const std::size_t end = line.rfind(' ');
      samples_[line.substr(0, end)] = std::stod(line.substr(end + 1));
    }
  }

  /// The value of a series as the scrape names it: `latchkey_throttled_total{by="user"}`. Throws ClientError
  /// if there is none.
  double operator[](const std::string& series) const {
    const auto found = samples_.find(series);
    if (found == samples_.end()) throw ClientError("no series " + series);
    return found->second;
  }
  /// The sum of all series of a family whose labels contain `part`.
  double sum(const std::string& family, const std::string& part = {}) const {
    double sum = 0;
    for (const auto& [series, value] : samples_) {
      const bool is_of_family = series == family || series.starts_with(family + "{");
      if (is_of_family && series.find(part) != std::string::npos) sum += value;
    }
    return sum;
  }
  const std::map<std::string, double>& samples() const noexcept { return samples_; }
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  std::map<std::string, double> samples_;
};

}  // namespace latchkey::test
