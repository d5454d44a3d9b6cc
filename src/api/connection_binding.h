// What the API remembers of one connection: the binding hash of its requests' address and agent. A connection
// that repeats them pays for the hash once (C-35). The connection owns it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "latchkey/http/handler.h"
#include "latchkey/net/address.h"
#include "latchkey/store/session.h"

namespace latchkey::api {

class ConnectionBinding final : public http::ConnectionMemo {
 public:
  /// Whether `hash` belongs to these bytes.
  bool holds(const net::IpAddress& address, std::string_view agent) const noexcept {
    return valid_ && address == address_ && agent == agent_;
  }

  /// True once, for the connection's first request with a forwarded field.
  bool is_first_forwarded() noexcept { return !std::exchange(was_forwarded_, true); }

  const store::BindingHash& hash() const noexcept { return hash_; }

  void keep(const net::IpAddress& address, std::string_view agent, const store::BindingHash& hash) {
    address_ = address;
    agent_.assign(agent);
    hash_ = hash;
    valid_ = true;
  }

 private:
  bool valid_ = false;
  bool was_forwarded_ = false;
  net::IpAddress address_;
  std::string agent_;
  store::BindingHash hash_{};
};

}  // namespace latchkey::api
