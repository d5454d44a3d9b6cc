#include "latchkey/server/places.h"

#include "latchkey/api/password_check.h"
#include "latchkey/base/assert.h"

namespace latchkey::server {

bool Places::take(const net::IpAddress& address) {
  if (most_ == 0) return true;
  std::size_t& taken = taken_[api::throttled_network(address)];
  if (taken == most_) return false;
  ++taken;
  return true;
}

void Places::give_back(const net::IpAddress& address) noexcept {
  if (most_ == 0) return;
  const auto found = taken_.find(api::throttled_network(address));
  LATCHKEY_ASSERT(found != taken_.end());
  if (--found->second == 0) taken_.erase(found);
}

}  // namespace latchkey::server
