// SecretBuffer: bytes that arrive piece by piece and may be a password: what a std::string would leave behind
// as it grows, or is cut at its front, is overwritten here. Empty, it owns no memory. One owner, one thread.
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

  /// Makes room for `bytes` in all, so that to append up to there moves nothing.
  void reserve(std::size_t bytes);
  /// `more` is none of the buffer's own bytes.
  void append(std::string_view more);
  /// Moves what is behind the first `bytes` to the front.
  void drop_front(std::size_t bytes) noexcept {
    if (bytes != 0) drop(bytes);
  }
  /// Overwrites all of it and frees its memory.
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
