#include "load/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "load/requests.h"

namespace latchkey::load {

namespace {

// A user logs in with a different agent from each connection. With one agent for all, all logins would give
// the same token (C-13), and one connection's deletion would end the checks of the others.
std::string agent_of(const Plan& plan, std::size_t number) {
  return fmt::format("{}/{}", plan.agent, number);
}

// A token is bound to the address that obtained it. If the command line gave one, it is the only one.
const std::string& token_of(const Plan& plan, std::size_t number) {
  return plan.tokens[std::min(plan.source_of(number), plan.tokens.size() - 1)];
}

/// Sends the same request for ever.
class Repeat final : public Script {
 public:
  Repeat(std::string request, RequestKind kind, bool to_head = false)
      : request_(std::move(request)), kind_(kind), to_head_(to_head) {}
  NextRequest next() override { return {request_, kind_, to_head_, false}; }

 private:
  const std::string request_;
  const RequestKind kind_;
  const bool to_head_;
};

/// Checks one token after another. Each connection begins at another place in their list.
class CheckEach final : public Script {
 public:
  CheckEach(const Plan& plan, std::size_t number)
      : tokens_(plan.tokens_by_turns),
        next_(number % plan.connections * tokens_.size() / plan.connections),
        request_(check_request(plan, plan.agent, {tokens_[next_].data(), tokens_[next_].size()})),
        token_at_(request_.size() - kAfterToken - tokens_[next_].size()) {}

  NextRequest next() override {
    std::copy(tokens_[next_].begin(), tokens_[next_].end(),
              request_.begin() + static_cast<std::ptrdiff_t>(token_at_));
    if (++next_ == tokens_.size()) next_ = 0;
    return {request_, RequestKind::kCheck};
  }

 private:
  static constexpr std::size_t kAfterToken = std::string_view("\r\n\r\n").size();

  const std::vector<TokenDigits>& tokens_;
  std::size_t next_;
  std::string request_;
  const std::size_t token_at_;  // in the last line, before its end
};

/// Checks one token, with logins at even distances among the checks.
class Mixed final : public Script {
 public:
  Mixed(const Plan& plan, std::size_t number)
      : check_(check_request(plan, plan.agent, token_of(plan, number))),
        login_(login_request(plan, agent_of(plan, number))),
        login_share_(plan.login_share),
        // So that the connections do not all log in at the same time.
        owed_(static_cast<double>(number % plan.connections) / static_cast<double>(plan.connections)) {}

  NextRequest next() override {
    owed_ += login_share_;
    if (owed_ < 1) return {check_, RequestKind::kCheck};
    owed_ -= 1;
    return {login_, RequestKind::kLogin};
  }

 private:
  const std::string check_;
  const std::string login_;
  const double login_share_;
  double owed_;
};

/// A login, its checks, its deletion, and again. A login that failed is tried again.
class Churn final : public Script {
 public:
  Churn(const Plan& plan, std::size_t number)
      : plan_(plan), agent_(agent_of(plan, number)), login_(login_request(plan, agent_)) {}

  NextRequest next() override {
    if (check_.empty()) return {login_, RequestKind::kLogin, false, true};
    if (checks_left_ == 0) return {deletion_, RequestKind::kDeletion};
    --checks_left_;
    return {check_, RequestKind::kCheck};
  }

  void answered(RequestKind kind, const http::Answer& answer) override {
    if (kind == RequestKind::kDeletion) check_.clear();
    if (kind != RequestKind::kLogin) return;
    const std::string_view token = token_in(answer.body);
    if (token.empty()) return;
    check_ = check_request(plan_, agent_, token);
    deletion_ = deletion_request(plan_, agent_, token);
    checks_left_ = plan_.checks_per_login;
  }

  // A deletion in progress may not have been done. Then the login gives the same token again.
  void disconnected() override { check_.clear(); }

 private:
  const Plan& plan_;
  const std::string agent_;
  const std::string login_;
  std::string check_;  ///< empty if there is no token
  std::string deletion_;
  std::uint64_t checks_left_ = 0;
};

}  // namespace

std::unique_ptr<Script> make_script(const Plan& plan, std::size_t number) {
  switch (plan.scenario) {
    case Scenario::kUrl:
      return std::make_unique<Repeat>(url_request(plan), RequestKind::kRequest, plan.method == "HEAD");
    case Scenario::kCheck:
      if (!plan.tokens_by_turns.empty()) return std::make_unique<CheckEach>(plan, number);
      [[fallthrough]];
    case Scenario::kSlow:
      return std::make_unique<Repeat>(check_request(plan, plan.agent, token_of(plan, number)),
                                      RequestKind::kCheck);
    case Scenario::kLogin:
      return std::make_unique<Repeat>(login_request(plan, agent_of(plan, number)), RequestKind::kLogin);
    case Scenario::kMixed:
      return std::make_unique<Mixed>(plan, number);
    case Scenario::kChurn:
      return std::make_unique<Churn>(plan, number);
    case Scenario::kIdle:
      return nullptr;
  }
  return nullptr;
}

}  // namespace latchkey::load
