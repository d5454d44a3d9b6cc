// SecretBuffer holds bytes that arrive piece by piece and may be a password. It overwrites what a std::string
// would leave behind as it grows or loses its front. An empty one owns no memory.
// Thread: one; it has one owner.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace latchkey {

class SecretBuffer {
 public:
  SecretBuffer() = default;
  ~SecretBuffer() { clear(); }
  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;

  std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  std::span<char> bytes() noexcept { return {bytes_.get(), size_}; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// Makes room for `bytes` in total. Appending up to that size then moves nothing.
  void reserve(std::size_t bytes);
  /// Requires: `more` does not point into this buffer.
  void append(std::string_view more);
  /// Drops the first `bytes` and moves the rest to the front.
  void drop_front(std::size_t bytes) noexcept {
    if (bytes != 0) drop(bytes);
  }
  /// Overwrites everything and frees the memory.
  void clear() noexcept {
    if (bytes_ != nullptr) release();
  }

 private:
  void drop(std::size_t bytes) noexcept;
  void release() noexcept;

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace latchkey
