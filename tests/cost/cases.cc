#include "cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/resource.h"
#include "odd_input.h"

namespace latchkey::cost {

namespace {

constexpr std::array<std::string_view, 10> kMethods = {"GET",    "HEAD",    "POST",  "PUT",     "PATCH",
                                                       "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"};

/// The forms that an answer can have, by the header that asks for each.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kForms = {{
    {"json", ""},
    {"page", "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"},
    {"indented", "Accept: application/json; indent=8\r\n"},
    {"unacceptable", "Accept: image/png\r\n"},
}};

/// Paths that lead to the resource.
std::vector<std::string> paths_of(const api::PathTemplate& path) {
  const std::string text(path.text());
  const std::size_t open = text.find('{');
  if (open == std::string::npos) return {text};
  const std::size_t close = text.find('}');
  std::vector<std::string> paths;
  for (const std::string& name : {std::string("17"), std::string("style.css"), std::string("script.js"),
                                  std::string("../x"), std::string(3000, '9'), std::string(1000, '/')}) {
    paths.push_back(text.substr(0, open) + name + text.substr(close + 1));
  }
  return paths;
}

std::string shortened(std::string text) {
  if (text.size() > 40) text = fmt::format("{}...({})", text.substr(0, 32), text.size());
  return text;
}

std::string request(std::string_view method, std::string_view target, std::string_view lines,
                    std::string_view body = {}) {
  std::string bytes = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n{}", method, target, lines);
  if (!body.empty()) bytes += fmt::format("Content-Length: {}\r\n", body.size());
  return bytes.append("\r\n").append(body);
}

void add_forms(std::vector<Case>& cases, std::string_view method, const std::string& target) {
  for (const auto& [form, lines] : kForms)
    cases.push_back(
        {fmt::format("{} {} {}", method, shortened(target), form), request(method, target, lines)});
  cases.push_back({fmt::format("{} {} ?format=api", method, shortened(target)),
                   request(method, target + "?format=api", "")});
}

void add_odd_targets(std::vector<Case>& cases, const std::string& target) {
  for (const OddTarget& odd : odd_targets()) {
    const std::string name = fmt::format("GET {} {}", shortened(target), odd.name);
    cases.push_back({name, request("GET", target + odd.suffix, "")});
    cases.push_back({name + " page", request("GET", target + odd.suffix, kForms[1].second)});
  }
}

void add_odd_lines(std::vector<Case>& cases, const std::string& target) {
  for (const OddLines& odd : odd_lines()) {
    for (const std::string_view method : {"GET", "DELETE"}) {
      cases.push_back({fmt::format("{} {} ?format=api {}", method, shortened(target), odd.name),
                       request(method, target + "?format=api", odd.lines), odd.behind_proxy});
    }
    cases.push_back({fmt::format("GET {} {}", shortened(target), odd.name), request("GET", target, odd.lines),
                     odd.behind_proxy});
  }
}

void add_odd_bodies(std::vector<Case>& cases, const std::string& target) {
  for (const OddBody& odd : odd_bodies()) {
    for (const std::string_view query : {"", "?format=api"}) {
      cases.push_back({fmt::format("POST {}{} {}", target, query, odd.name),
                       request("POST", target + std::string(query), odd.lines, odd.body)});
    }
  }
}

}  // namespace

Case refused_check() {
  return {"refused check",
          "GET /auth/verify HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n"
          "Authorization: Token 8f17825cf08a7efea124f2638f3896f6637f8745\r\n\r\n"};
}

std::vector<Case> cases_of(std::span<const api::Route> routes) {
  std::vector<Case> cases;
  std::vector<std::string> targets = {"/nothing", "/api", "/api/v2/nothing/at/all/", "*"};
  std::vector<std::string> one_of_each = {"/nothing", "/api/v2/nothing/at/all/"};
  std::vector<std::string> reading;
  std::vector<const api::Resource*> seen;
  for (const api::Route& route : routes) {
    const std::vector<std::string> paths = paths_of(route.path);
    targets.insert(targets.end(), paths.begin(), paths.end());
    if (std::find(seen.begin(), seen.end(), route.resource) != seen.end()) continue;
    seen.push_back(route.resource);
    one_of_each.push_back(paths.front());
    for (const api::OperationDescription& operation : route.resource->description().operations) {
      if (!operation.parses.empty() && operation.access == api::Access::kAnyone)
        reading.push_back(paths.front());
    }
  }
  for (const std::string& target : targets) {
    for (const std::string_view method : kMethods) add_forms(cases, method, target);
  }
  for (const std::string& target : one_of_each) {
    add_odd_targets(cases, target);
    add_odd_lines(cases, target);
  }
  for (const std::string& target : reading) add_odd_bodies(cases, target);
  for (const OddHead& odd : odd_heads()) cases.push_back({odd.name, odd.bytes, false, true});
  return cases;
}

}  // namespace latchkey::cost
