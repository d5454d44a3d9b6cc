#include "latchkey/token/binding.h"

#include <algorithm>
#include <array>

namespace latchkey::token {

namespace {

constexpr std::size_t kAddressBytes = 16;
// The hash takes its input in one piece. Longer agents, which no browser sends, are replaced by their own
// hash.
constexpr std::size_t kMaxWholeAgentBytes = 512;

// The first byte says what follows, so that no two kinds of input have the same bytes.
constexpr std::uint8_t kHasAddress = 1;
constexpr std::uint8_t kHasAgent = 2;
constexpr std::uint8_t kHasAgentHash = 4;
constexpr std::uint8_t kIsAgentAlone = 8;

std::span<const std::uint8_t> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The hash of a long agent, in chained steps: each takes in the hash of what came before.
store::BindingHash hash_of_long(const Keyring& keyring, std::span<const std::uint8_t> agent) noexcept {
  store::BindingHash hash{};
  while (!agent.empty()) {
    std::array<std::uint8_t, 1 + sizeof hash + kMaxWholeAgentBytes> input;
    const std::size_t size = std::min(agent.size(), kMaxWholeAgentBytes);
    input[0] = kIsAgentAlone;
    auto end = std::copy(hash.begin(), hash.end(), input.begin() + 1);
    end = std::copy_n(agent.begin(), size, end);
    hash = keyring.binding_hash({input.begin(), end});
    agent = agent.subspan(size);
  }
  return hash;
}

}  // namespace

store::BindingHash Binder::operator()(std::span<const std::uint8_t, 16> address,
                                      std::string_view agent) const noexcept {
  std::array<std::uint8_t, 1 + kAddressBytes + kMaxWholeAgentBytes> input;
  input[0] = 0;
  auto end = input.begin() + 1;
  if (settings_.address) {
    input[0] |= kHasAddress;
    end = std::copy(address.begin(), address.end(), end);
  }
  if (settings_.agent && agent.size() <= kMaxWholeAgentBytes) {
    input[0] |= kHasAgent;
    const std::span<const std::uint8_t> bytes = bytes_of(agent);
    end = std::copy(bytes.begin(), bytes.end(), end);
  } else if (settings_.agent) {
    input[0] |= kHasAgentHash;
    const store::BindingHash hash = hash_of_long(keyring_, bytes_of(agent));
    end = std::copy(hash.begin(), hash.end(), end);
  }
  return keyring_.binding_hash({input.begin(), end});
}

}  // namespace latchkey::token
