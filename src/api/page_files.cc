#include "api/page_files.h"

#include <algorithm>

#include "latchkey/base/assert.h"

namespace latchkey::api {

const PageFile& page_file(std::string_view name) noexcept {
  const std::span<const PageFile> files = page_files();
  const auto found =
      std::find_if(files.begin(), files.end(), [name](const PageFile& file) { return file.name == name; });
  LATCHKEY_ASSERT(found != files.end());
  return *found;
}

}  // namespace latchkey::api
