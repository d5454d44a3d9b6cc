#include "latchkey/server/places.h"

#include "latchkey/base/assert.h"

namespace latchkey::server {

namespace {

net::IpAddress client_of(const net::IpAddress& address) noexcept {
  constexpr int kPrefixV4 = 32;
  constexpr int kPrefixV6 = 64;
  return address.masked(kPrefixV4, kPrefixV6);
}

}  // namespace

bool Places::take(const net::IpAddress& address) {
  if (most_ == 0) return true;
  std::size_t& taken = taken_[client_of(address)];
  if (taken == most_) return false;
  ++taken;
  return true;
}

void Places::give_back(const net::IpAddress& address) noexcept {
  if (most_ == 0) return;
  const auto found = taken_.find(client_of(address));
  LATCHKEY_ASSERT(found != taken_.end());
  if (--found->second == 0) taken_.erase(found);
}

}  // namespace latchkey::server
