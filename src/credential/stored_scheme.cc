#include "credential/stored_scheme.h"

#include <fmt/format.h>

#include <charconv>

namespace latchkey::credential {

bool take_number(std::string_view& text, std::uint32_t& number) noexcept {
  const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto digits = static_cast<std::size_t>(after - text.data());
  if (error != std::errc{} || (digits > 1 && text.front() == '0')) return false;
  text.remove_prefix(digits);
  return true;
}

tl::unexpected<Error> malformed_hash() {
  return failure(ErrorCode::kInvalid, "the stored password hash is malformed");
}

tl::unexpected<Error> hash_too_dear(std::string_view bounds) {
  return failure(ErrorCode::kInvalid,
                 fmt::format("the stored password hash asks for more than the bounds of {}", bounds));
}

tl::unexpected<Error> no_hash_memory() {
  return failure(
      ErrorCode::kUnavailable,
      "no memory to hash a password: lower hash_memory or hash_threads, or raise the process's limit");
}

}  // namespace latchkey::credential
