#include "support/process_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace latchkey::test {

namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kPartPages = 1024;

std::string path_of(pid_t pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

class File {
 public:
  explicit File(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  bool is_open() const noexcept { return descriptor_ >= 0; }
  /// Whether all of `bytes` could be read.
  bool read_at(std::uint64_t offset, void* bytes, std::size_t size) const noexcept {
    return ::pread(descriptor_, bytes, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
  }

 private:
  int descriptor_;
};

struct Mapping {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// The memory that the process may write to, and so may have written to.
std::vector<Mapping> writable_mappings(pid_t pid) {
  std::vector<Mapping> mappings;
  std::ifstream maps(path_of(pid, "maps"));
  for (std::string line; std::getline(maps, line);) {
    Mapping mapping;
    char writable = '-';
    if (std::sscanf(line.c_str(), "%lx-%lx %*c%c", &mapping.begin, &mapping.end, &writable) == 3 &&
        writable == 'w') {
      mappings.push_back(mapping);
    }
  }
  return mappings;
}

/// How many bytes around `at` in `memory` and `from` in `text` are equal.
std::size_t common_bytes(std::string_view memory, std::size_t at, std::string_view text, std::size_t from,
                         std::size_t& end) {
  std::size_t before = 0;
  while (before < at && before < from && memory[at - before - 1] == text[from - before - 1]) ++before;
  std::size_t behind = 0;
  while (at + behind < memory.size() && from + behind < text.size() &&
         memory[at + behind] == text[from + behind]) {
    ++behind;
  }
  end = at + behind;
  return before + behind;
}

/// The end of the needle's longest piece that contains the mark at `at`, or `at` if none is long enough.
std::size_t end_of_piece(std::string_view memory, std::size_t at, const Needle& needle) {
  std::size_t longest = kPieceBytes - 1;
  std::size_t end_of_longest = at;
  for (std::size_t from = needle.text.find(needle.mark); from != std::string::npos;
       from = needle.text.find(needle.mark, from + 1)) {
    std::size_t end = 0;
    const std::size_t bytes = common_bytes(memory, at, needle.text, from, end);
    if (bytes <= longest) continue;
    longest = bytes;
    end_of_longest = end;
  }
  return end_of_longest;
}

std::size_t count_in(std::string_view memory, const Needle& needle) {
  std::size_t copies = 0;
  for (std::size_t at = memory.find(needle.mark); at != std::string_view::npos;) {
    const std::size_t end = end_of_piece(memory, at, needle);
    if (end != at) ++copies;
    at = memory.find(needle.mark, std::max(end, at + 1));
  }
  return copies;
}

/// For each page, whether memory backs it. Untouched pages are not read, because reading would create them.
std::vector<bool> present_pages(const File& pagemap, const Mapping& part) {
  constexpr std::uint64_t kPresentOrSwapped = std::uint64_t{3} << 62;
  std::vector<std::uint64_t> entries((part.end - part.begin) / kPageBytes);
  if (!pagemap.read_at(part.begin / kPageBytes * sizeof(std::uint64_t), entries.data(),
                       entries.size() * sizeof(std::uint64_t))) {
    return std::vector<bool>(entries.size(), true);
  }
  std::vector<bool> present;
  present.reserve(entries.size());
  for (const std::uint64_t entry : entries) present.push_back((entry & kPresentOrSwapped) != 0);
  return present;
}

/// The runs of pages of the mapping that memory backs.
std::vector<Mapping> present_runs(const File& pagemap, const Mapping& mapping) {
  std::vector<Mapping> runs;
  for (std::uint64_t begin = mapping.begin; begin < mapping.end; begin += kPartPages * kPageBytes) {
    const Mapping part{begin, std::min(mapping.end, begin + kPartPages * kPageBytes)};
    const std::vector<bool> present = present_pages(pagemap, part);
    for (std::size_t page = 0; page < present.size(); ++page) {
      if (!present[page]) continue;
      const std::uint64_t at = part.begin + page * kPageBytes;
      if (runs.empty() || runs.back().end != at) runs.push_back({at, at});
      runs.back().end += kPageBytes;
    }
  }
  return runs;
}

}  // namespace

bool can_read_memory(pid_t pid) { return File(path_of(pid, "mem")).is_open(); }

std::size_t count_copies(pid_t pid, const std::vector<Needle>& needles) {
  const File memory(path_of(pid, "mem"));
  const File pagemap(path_of(pid, "pagemap"));
  if (!memory.is_open()) throw std::runtime_error("the memory of the program cannot be read");
  std::size_t copies = 0;
  std::size_t read_bytes = 0;
  std::string bytes;
  for (const Mapping& mapping : writable_mappings(pid)) {
    for (const Mapping& run : present_runs(pagemap, mapping)) {
      bytes.resize(run.end - run.begin);
      // The kernel refuses memory that it shares with the process: rings and the clock's page.
      if (!memory.read_at(run.begin, bytes.data(), bytes.size())) continue;
      read_bytes += bytes.size();
      for (const Needle& needle : needles) copies += count_in(bytes, needle);
    }
  }
  if (read_bytes == 0) throw std::runtime_error("nothing of the program's memory could be read");
  return copies;
}

}  // namespace latchkey::test
