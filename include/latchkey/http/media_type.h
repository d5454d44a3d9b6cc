// Parses `type/subtype; name=value; name="value"` (RFC 9110 §8.3.1), and parameters in other fields that have
// them (Content-Disposition). The results are views of the parsed text.
// Thread: any; all are pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::http {

/// The most parameters of one field value. More are malformed, and so is a name that occurs twice: two
/// readers could pick different ones.
inline constexpr std::size_t kMaxParameters = 16;

struct Parameter {
  std::string_view name;
  std::string_view value;  ///< Of a quoted value, the text between the quotes, its `\` pairs as they came.

  /// The value with each `\x` replaced by `x`.
  std::string text() const;
};

class Parameters {
 public:
  /// Reads `*( OWS ";" OWS [ name "=" value ] )` to the end of `text`. Returns nothing if it is malformed.
  static std::optional<Parameters> parse(std::string_view text) noexcept;

  /// Finds a parameter by name, ignoring case; nullptr if there is none.
  const Parameter* find(std::string_view name) const noexcept;

 private:
  std::array<Parameter, kMaxParameters> parameters_{};
  std::size_t count_ = 0;
};

struct MediaType {
  std::string_view type;
  std::string_view subtype;
  Parameters parameters;

  /// Reads a whole Content-Type value. Returns nothing if it is malformed.
  static std::optional<MediaType> parse(std::string_view text) noexcept;

  /// For instance `is("application", "json")`. Ignores case.
  bool is(std::string_view wanted_type, std::string_view wanted_subtype) const noexcept;
};

}  // namespace latchkey::http
