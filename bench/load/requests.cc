#include "load/requests.h"

#include <fmt/format.h>

#include "latchkey/base/json_text.h"

namespace latchkey::load {

namespace {

constexpr std::string_view kTokenPath = "/api/v2/authtoken/";
constexpr std::string_view kVerifyPath = "/auth/verify";

std::string head(const Plan& plan, std::string_view method, std::string_view path, std::string_view agent) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", method, path, plan.target.authority);
  if (!agent.empty()) text.append("User-Agent: ").append(agent).append("\r\n");
  for (const std::string& line : plan.header_lines) text.append(line).append("\r\n");
  return text;
}

std::string with_token(std::string text, std::string_view token) {
  return text.append("Authorization: Token ").append(token).append("\r\n\r\n");
}

std::string with_body(std::string text, std::string_view body) {
  return text.append(fmt::format("Content-Length: {}\r\n\r\n", body.size())).append(body);
}

}  // namespace

std::string url_request(const Plan& plan) {
  std::string text = head(plan, plan.method, plan.target.path_and_query, plan.agent);
  const bool wants_length = plan.method == "POST" || plan.method == "PUT" || plan.method == "PATCH";
  if (!plan.body.empty() || wants_length) return with_body(std::move(text), plan.body);
  return text.append("\r\n");
}

std::string check_request(const Plan& plan, std::string_view agent, std::string_view token) {
  return with_token(head(plan, "GET", kVerifyPath, agent), token);
}

std::string login_request(const Plan& plan, std::string_view agent) {
  std::string body = R"({"username":)";
  append_json_string(body, plan.user);
  body.append(R"(,"password":)");
  append_json_string(body, plan.password);
  body.append("}");
  return with_body(head(plan, "POST", kTokenPath, agent).append("Content-Type: application/json\r\n"), body);
}

std::string deletion_request(const Plan& plan, std::string_view agent, std::string_view token) {
  return with_token(head(plan, "DELETE", kTokenPath, agent), token);
}

std::string_view token_in(std::string_view body) noexcept {
  constexpr std::string_view kBefore = R"("token":")";
  const std::size_t at = body.find(kBefore);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = body.substr(at + kBefore.size());
  const std::size_t end = rest.find('"');
  const bool is_plain = rest.find_first_not_of("0123456789abcdef") == end;
  return end != std::string_view::npos && is_plain ? rest.substr(0, end) : std::string_view();
}

}  // namespace latchkey::load
