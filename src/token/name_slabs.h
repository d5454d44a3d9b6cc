// NameSlabs: the names of lone users, each in a slab of texts of its size, so that a name costs little more
// than its bytes. A 31-bit reference finds a name.
// Thread: a shard's table owns it, on its thread; any core reads a text that it was led to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>

#include "latchkey/base/result.h"
#include "token/slab.h"

namespace latchkey::token {

/// Number of a slab 3 | number of the text in it 28. 0 refers to no name.
using NameRef = std::uint32_t;

class NameSlabs {
 public:
  static constexpr std::size_t kMaxNameBytes = 32;
  static constexpr NameRef kNone = 0;

  /// Reserves room for `max_names` of each size.
  /// Lifetime: all arguments must outlive the object.
  static Result<std::unique_ptr<NameSlabs>> create(runtime::PageClient& pages,
                                                   runtime::Quiescence& quiescence, runtime::CoreId core,
                                                   std::size_t max_names);

  /// Returns kNone if there is no memory or no more room.
  /// Requires: `name` has 1 to kMaxNameBytes bytes.
  NameRef add(std::string_view name);
  /// `bytes` is the length of the name.
  /// Requires: no core can be reading the text any more.
  void release(NameRef name, std::size_t bytes) noexcept;

  /// `bytes` is the length of the name.
  const char* text(NameRef name) const noexcept { return texts_[name >> kNumberBits].at(number(name)); }

  std::size_t bytes() const noexcept;

 private:
  static constexpr int kNumberBits = 28;
  static constexpr std::uint32_t kMaxNumber = (std::uint32_t{1} << kNumberBits) - 1;

  template <std::size_t kBytes>
  struct Text {
    char bytes[kBytes];
  };
  template <std::size_t kBytes>
  using TextSlab = std::unique_ptr<Slab<Text<kBytes>>>;
  using Slabs = std::tuple<TextSlab<8>, TextSlab<12>, TextSlab<16>, TextSlab<20>, TextSlab<24>, TextSlab<32>>;

  /// Where the texts of a slab are: all that a reader needs.
  struct Texts {
    const char* base = nullptr;
    std::size_t stride = 0;
    const char* at(std::uint32_t number) const noexcept { return base + stride * number; }
  };
  static constexpr std::size_t kSlabs = std::tuple_size_v<Slabs>;

  explicit NameSlabs(Slabs slabs) noexcept;

  static std::uint32_t number(NameRef name) noexcept { return name & kMaxNumber; }
  template <class Use>
  void with_slab_for(std::size_t bytes, Use use);

  Slabs slabs_;
  std::array<Texts, kSlabs> texts_;
};

}  // namespace latchkey::token
