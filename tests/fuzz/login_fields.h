// The fields of a login, as decoded by the targets of its three kinds of body.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "fuzz/property.h"
#include "latchkey/http/fields.h"

namespace latchkey::fuzz {

using http::DecodeResult;
using http::Field;
using http::FieldKind;

inline constexpr std::array<std::string_view, 2> kNames = {"username", "password"};

using Fields = std::array<Field, kNames.size()>;

/// `decode(again)` decodes the body that `fields` were written out as. It must give the same fields again.
template <class Decode>
void require_read_back(const Fields& fields, Decode decode) {
  // The texts may lie in the decoder's memory, and the decoder is about to be used again.
  std::array<std::string, kNames.size()> texts;
  for (std::size_t i = 0; i < fields.size(); ++i) texts[i] = fields[i].text;
  Fields again;
  const DecodeResult result = decode(again);
  require(result.status == DecodeResult::Status::kDecoded, "what it accepts it accepts again");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    require(again[i].kind == fields[i].kind && again[i].text == texts[i],
            "what it accepts is written back equal");
  }
}

}  // namespace latchkey::fuzz
