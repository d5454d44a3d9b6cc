// Password hashes in the spellings of other programs. What is read can be stored, and is read again as it is;
// an error reveals nothing but the scheme's name. What is fast to guess is never stored as it is.
#include <string>

#include "fuzz/property.h"
#include "latchkey/credential/foreign_hash.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::fuzz;
  using namespace latchkey::credential;
  const std::string_view given = text_of(data, size);
  const auto read = ForeignHash::read(given);
  if (!read) {
    require(read.error().text.size() < 700, "an error has a bound");
    return 0;
  }
  const auto stored = read->to_store({.memory_bytes = kMinHashMemoryBytes, .passes = 1});
  require(stored.has_value(), "what is read can be stored");
  require(check_stored_hash(*stored).has_value(), "what is stored can be verified");
  require(hash_kind(*stored)->size() <= kMaxHashKindBytes, "a kind keeps its length");
  require(read->weak().empty() || stored->starts_with("wrapped_"), "what is fast to guess is wrapped");
  const auto again = ForeignHash::read(*stored);
  require(again.has_value() && again->weak().empty() && again->to_store().value_or("") == *stored,
          "what is stored is read as it is");
  return 0;
}
