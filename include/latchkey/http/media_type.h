// `type/subtype; name=value; name="value"` of RFC 9110 §8.3.1, and the parameters that other fields share
// with it (Content-Disposition). Views into the text that was parsed; pure functions, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::http {

/// Parameters of one field value. More, or one name twice, is malformed: two readers could pick different
/// ones.
inline constexpr std::size_t kMaxParameters = 16;

struct Parameter {
  std::string_view name;
  std::string_view value;  ///< Of a quoted value what stands between the quotes, its `\` pairs as they came.

  /// The value with each `\x` as `x`.
  std::string text() const;
};

class Parameters {
 public:
  /// Reads `*( OWS ";" OWS [ name "=" value ] )` to the end of `text`; nothing where it is malformed.
  static std::optional<Parameters> parse(std::string_view text) noexcept;

  /// By name, whatever its case; nullptr where it is absent.
  const Parameter* find(std::string_view name) const noexcept;

 private:
  std::array<Parameter, kMaxParameters> parameters_{};
  std::size_t count_ = 0;
};

struct MediaType {
  std::string_view type;
  std::string_view subtype;
  Parameters parameters;

  /// Reads a whole Content-Type value; nothing where it is malformed.
  static std::optional<MediaType> parse(std::string_view text) noexcept;

  /// `is("application", "json")`, whatever the case.
  bool is(std::string_view wanted_type, std::string_view wanted_subtype) const noexcept;
};

}  // namespace latchkey::http
