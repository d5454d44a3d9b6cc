// The one table of settings: key, kind, bounds and help of each. The file, the environment, the flags, --help
// and --print-config are all derived from it, so they cannot drift apart. Constant.
// Thread: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "latchkey/base/result.h"
#include "server/settings.h"

namespace latchkey::server {

struct SwitchKind {
  bool Settings::*member;
};

template <class Number>
struct NumberKind {
  Number Settings::*member;
  Number least;
  Number most;
};

struct BytesKind {
  std::size_t Settings::*member;
  std::size_t least;
  std::size_t most;
};

struct DurationKind {
  std::chrono::milliseconds Settings::*member;
  std::chrono::milliseconds least;
  std::chrono::milliseconds most;
  /// The value must be a multiple of it.
  std::chrono::milliseconds step{1};
};

/// Visible ASCII, since it goes into a header.
struct NameKind {
  std::string Settings::*member;
  std::size_t max_bytes;
  /// What it must be besides, if anything, and how the operator is told.
  bool (*accepts)(std::string_view) noexcept = nullptr;
  std::string_view characters = "visible ASCII characters";
  bool may_be_empty = false;
};

/// The permission bits of a file, in octal.
struct ModeKind {
  unsigned Settings::*member;
  unsigned least;  ///< bits that must be set
  unsigned most;   ///< bits that may be set
};

struct PathKind {
  std::filesystem::path Settings::*member;
  std::size_t max_bytes;
  /// Shown as the default if that depends on another setting; the member is empty until then.
  std::string_view derived_default{};
};

template <class Choice>
struct ChoiceKind {
  Choice Settings::*member;
  std::span<const std::pair<std::string_view, Choice>> names;
};

template <class Element>
struct ListKind {
  std::vector<Element> Settings::*member;
  std::size_t max_elements;
};

using SettingKind =
    std::variant<SwitchKind, NumberKind<std::size_t>, NumberKind<int>, BytesKind, DurationKind, NameKind,
                 ModeKind, PathKind, ChoiceKind<LogLevel>, ChoiceKind<LogFormat>,
                 ChoiceKind<http::ForwardedSource>, ChoiceKind<api::SameSite>, ListKind<ListenAddress>,
                 ListKind<net::Endpoint>, ListKind<VerifyAddress>, ListKind<net::Network>>;

/// When the server goes by a change of the file.
enum class Reload : std::uint8_t {
  kNow,             ///< as soon as the file is read again
  kNewConnections,  ///< the same, for connections that are opened from then on
  kRestart,         ///< from the next start on
};

/// "now", "new connections" or "restart".
std::string_view name_of(Reload reload) noexcept;

struct Setting {
  /// As in the file. The names LATCHKEY_KEY and --the-key are derived from it.
  std::string_view key;
  /// The placeholder for the value in the help: `--listen ADDR:PORT`.
  std::string_view value_name;
  Reload reload;
  SettingKind kind;
  /// One sentence for the operator, without default and bounds, which the help adds.
  std::string_view help;

  std::string flag() const;
  std::string variable() const;
  bool is_switch() const noexcept { return std::holds_alternative<SwitchKind>(kind); }
  bool is_list() const noexcept;
};

/// All settings, in the order of the help.
std::span<const Setting> settings_table() noexcept;

/// Null if no setting has the key.
const Setting* find_setting(std::string_view key) noexcept;

/// What a value must be, such as "a whole number from 0 to 512".
std::string expectation_of(const Setting& setting);

/// Sets the member from text: one value, or for a list all its elements, which replace the old ones.
/// Errors: kInvalid says what was expected; the settings are then unchanged.
Result<void> assign(const Setting& setting, std::span<const std::string> values, Settings& settings);

/// The values in force, in a form that `assign` reads; exactly one unless the setting is a list.
std::vector<std::string> values_of(const Setting& setting, const Settings& settings);

}  // namespace latchkey::server
