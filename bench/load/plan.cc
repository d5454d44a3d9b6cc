#include "load/plan.h"

#include <array>

namespace latchkey::load {

std::string_view name_of(Scenario scenario) noexcept {
  constexpr std::array<std::string_view, 7> kNames = {"url",   "check", "login", "mixed",
                                                      "churn", "idle",  "slow"};
  return kNames[static_cast<std::size_t>(scenario)];
}

std::span<const RequestKind> Plan::kinds() const noexcept {
  static constexpr std::array kUrl = {RequestKind::kRequest};
  static constexpr std::array kChecks = {RequestKind::kCheck};
  static constexpr std::array kLogins = {RequestKind::kLogin};
  static constexpr std::array kMixed = {RequestKind::kCheck, RequestKind::kLogin};
  static constexpr std::array kChurn = {RequestKind::kLogin, RequestKind::kCheck, RequestKind::kDeletion};
  static constexpr std::array kConnects = {RequestKind::kConnect};
  switch (scenario) {
    case Scenario::kUrl:
      return kUrl;
    case Scenario::kCheck:
    case Scenario::kSlow:
      return kChecks;
    case Scenario::kLogin:
      return kLogins;
    case Scenario::kMixed:
      return kMixed;
    case Scenario::kChurn:
      return kChurn;
    case Scenario::kIdle:
      return kConnects;
  }
  return kUrl;
}

std::size_t Plan::sources() const noexcept {
  if (!target.is_loopback_v4()) return 1;
  return (connections + kConnectionsPerAddress - 1) / kConnectionsPerAddress;
}

std::optional<net::IpAddress> Plan::source_address(std::size_t source) const noexcept {
  if (source == 0) return std::nullopt;
  // The first is 127.0.0.1, the kernel's choice. A million connections need a hundred.
  static_assert(kMostConnections / kConnectionsPerAddress < 250);
  return net::IpAddress::from_v4(127, 0, 0, static_cast<std::uint8_t>(source + 1));
}

}  // namespace latchkey::load
