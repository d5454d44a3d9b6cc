#include "latchkey/base/secret_buffer.h"

#include <algorithm>
#include <cstring>

#include "latchkey/base/assert.h"
#include "latchkey/base/secret.h"

namespace latchkey {

namespace {

constexpr std::size_t kLeastCapacity = 256;

}  // namespace

void SecretBuffer::reserve(std::size_t bytes) {
  if (bytes <= capacity_) return;
  const std::size_t capacity = std::max({bytes, 2 * capacity_, kLeastCapacity});
  std::unique_ptr<char[]> room(new char[capacity]);
  if (size_ != 0) std::memcpy(room.get(), bytes_.get(), size_);
  wipe(bytes_.get(), size_);
  bytes_ = std::move(room);
  capacity_ = capacity;
}

void SecretBuffer::append(std::string_view more) {
  if (more.empty()) return;
  reserve(size_ + more.size());
  std::memcpy(bytes_.get() + size_, more.data(), more.size());
  size_ += more.size();
}

void SecretBuffer::drop(std::size_t bytes) noexcept {
  LATCHKEY_ASSERT(bytes <= size_);
  const std::size_t left = size_ - bytes;
  std::memmove(bytes_.get(), bytes_.get() + bytes, left);
  wipe(bytes_.get() + left, bytes);
  size_ = left;
}

void SecretBuffer::release() noexcept {
  wipe(bytes_.get(), size_);
  bytes_.reset();
  size_ = 0;
  capacity_ = 0;
}

}  // namespace latchkey
