#include "token/name_slabs.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::token {

Result<std::unique_ptr<NameSlabs>> NameSlabs::create(runtime::PageClient& pages,
                                                     runtime::Quiescence& quiescence, runtime::CoreId core,
                                                     std::size_t max_names) {
  max_names = std::min<std::size_t>(max_names, kMaxNumber);
  Slabs slabs;
  Result<void> made;
  const auto make = [&](auto& slab) {
    if (!made) return;
    using TheSlab = typename std::remove_reference_t<decltype(slab)>::element_type;
    auto one = TheSlab::create(pages, quiescence, core, max_names + 1);
    if (one) {
      slab = std::move(*one);
    } else {
      made = tl::unexpected<Error>(std::move(one.error()));
    }
  };
  std::apply([&](auto&... slab) { (make(slab), ...); }, slabs);
  LATCHKEY_TRY(std::move(made));
  return std::unique_ptr<NameSlabs>(new NameSlabs(std::move(slabs)));
}

NameSlabs::NameSlabs(Slabs slabs) noexcept : slabs_(std::move(slabs)) {
  std::size_t at = 0;
  const auto note = [&](const auto& slab) { texts_[at++] = {(*slab)[0].bytes, sizeof(*slab)[0]}; };
  std::apply([&](const auto&... slab) { (note(slab), ...); }, slabs_);
}

/// Calls `use(slab, its number)` for the slab with the smallest texts that hold this many bytes.
template <class Use>
void NameSlabs::with_slab_for(std::size_t bytes, Use use) {
  LATCHKEY_ASSERT(bytes > 0 && bytes <= kMaxNameBytes);
  std::uint32_t at = 0;
  bool found = false;
  const auto look = [&](auto& slab) {
    if (!found && bytes <= texts_[at].stride) {
      found = true;
      use(*slab, at);
    }
    ++at;
  };
  std::apply([&](auto&... slab) { (look(slab), ...); }, slabs_);
}

NameRef NameSlabs::add(std::string_view name) {
  NameRef made = kNone;
  with_slab_for(name.size(), [&](auto& slab, std::uint32_t at) {
    const std::uint32_t number = slab.allocate();
    if (number == slab.kNone) return;
    std::copy(name.begin(), name.end(), slab[number].bytes);
    made = at << kNumberBits | number;
  });
  return made;
}

void NameSlabs::release(NameRef name, std::size_t bytes) noexcept {
  with_slab_for(bytes, [&](auto& slab, std::uint32_t at) {
    LATCHKEY_ASSERT(at == name >> kNumberBits);
    slab.release(number(name));
  });
}

std::size_t NameSlabs::bytes() const noexcept {
  return std::apply([](const auto&... slab) { return (slab->bytes() + ...); }, slabs_);
}

}  // namespace latchkey::token
