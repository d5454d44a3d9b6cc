// The files of `src/api/page/`, as they were when the program was built.
// Thread: any; all are constants.
#pragma once

#include <span>
#include <string_view>

namespace latchkey::api {

struct PageFile {
  std::string_view name;     ///< `style.css`
  std::string_view version;  ///< 12 hexadecimal digits that change with the bytes
  std::string_view bytes;
};

std::span<const PageFile> page_files() noexcept;

/// The file of this name.
/// Requires: it exists.
const PageFile& page_file(std::string_view name) noexcept;

}  // namespace latchkey::api
