#include "latchkey/token/user_slot.h"

#include <cstring>
#include <new>

#include "latchkey/base/assert.h"
#include "latchkey/base/percent.h"

namespace latchkey::token {

UserRecord* UserRecord::create(std::int64_t id, Tag tag, std::string_view name) {
  LATCHKEY_ASSERT(name.size() <= kMaxNameBytes);
  const std::size_t encoded_bytes = percent_encoded_bytes(name);
  const std::size_t header_bytes = encoded_bytes == name.size() ? 0 : encoded_bytes;
  void* const memory = ::operator new(sizeof(UserRecord) + name.size() + header_bytes);
  auto* const record = ::new (memory) UserRecord(id, tag, name.size(), header_bytes);
  char* const text = static_cast<char*>(memory) + sizeof(UserRecord);
  std::memcpy(text, name.data(), name.size());
  if (header_bytes != 0) percent_encode(name, text + name.size());
  return record;
}

void UserRecord::destroy(UserRecord* record) noexcept {
  if (record == nullptr) return;
  record->~UserRecord();
  ::operator delete(record);
}

}  // namespace latchkey::token
