// Bytes that must not outlive their use: keys and passwords. They wipe themselves and cannot be printed. They
// are move-only and have one owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace latchkey {

/// Overwrites memory in a way that the compiler may not optimise away.
void wipe(void* data, std::size_t size) noexcept;

/// A key of N bytes, wiped on destruction and when moved from.
template <std::size_t N>
class SecretBytes {
 public:
  SecretBytes() = default;
  ~SecretBytes() { wipe(bytes_.data(), N); }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_.data(), N); }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_.data(), N);
    }
    return *this;
  }

  std::span<std::uint8_t, N> bytes() noexcept { return bytes_; }
  std::span<const std::uint8_t, N> bytes() const noexcept { return bytes_; }
  const std::uint8_t* data() const noexcept { return bytes_.data(); }
  std::uint8_t* data() noexcept { return bytes_.data(); }
  static constexpr std::size_t size() noexcept { return N; }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

/// A password: text of any length, wiped on destruction and when moved from.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string_view text) : text_(text) {}
  ~SecretText() { clear(); }
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  // Copies and wipes, because moving a std::string may leave its characters behind in the source.
  SecretText(SecretText&& other) noexcept {
    text_ = other.text_;
    other.clear();
  }
  SecretText& operator=(SecretText&& other) noexcept {
    if (this != &other) {
      clear();
      text_ = other.text_;
      other.clear();
    }
    return *this;
  }

  std::string_view view() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }
  void clear() noexcept {
    wipe(text_.data(), text_.size());
    text_.clear();
  }

 private:
  std::string text_;
};

}  // namespace latchkey
