#include "http/input.h"

#include <utility>

#include "latchkey/base/assert.h"
#include "latchkey/base/secret.h"

namespace latchkey::http {

std::string_view Input::unread() const noexcept {
  const std::span<char> bytes = chunk_.bytes();
  const std::string_view all = bytes.empty() ? own_.view() : std::string_view(bytes.data(), bytes.size());
  return all.substr(used_);
}

std::span<char> Input::unread_in_place() noexcept {
  const std::span<char> bytes = chunk_.bytes();
  return (bytes.empty() ? own_.bytes() : bytes).subspan(used_);
}

void Input::consume(std::size_t bytes) noexcept {
  LATCHKEY_ASSERT(bytes <= unread().size());
  wipe(unread_in_place().data(), bytes);
  consume_unwiped(bytes);
}

void Input::consume_unwiped(std::size_t bytes) noexcept {
  const std::size_t left = unread().size();
  LATCHKEY_ASSERT(bytes <= left);
  used_ += bytes;
  if (bytes < left) return;
  used_ = 0;
  // Each request worth wiping was wiped when it was used.
  chunk_.release_unwiped();
  // An idle connection keeps no memory for a request that once spanned buffers.
  own_.clear();
}

void Input::add(runtime::Chunk chunk) {
  if (unread().empty()) {
    used_ = 0;
    own_.clear();
    chunk_ = std::move(chunk);
    return;
  }
  detach();
  own_.append({chunk.bytes().data(), chunk.bytes().size()});
}

void Input::detach() {
  if (chunk_.bytes().empty()) {
    own_.drop_front(std::exchange(used_, 0));
    return;
  }
  own_.append(unread());
  used_ = 0;
  chunk_.release();
}

}  // namespace latchkey::http
