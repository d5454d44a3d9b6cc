// Settings from a file, the environment or flags, as the first byte chooses. They are refused with one line
// per problem, or taken and written back equal, as --print-config does.
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "fuzz/property.h"
#include "latchkey/base/utf8.h"
#include "server/settings.h"
#include "server/settings_text.h"

namespace latchkey::fuzz {
namespace {

using server::Environment;
using server::LoadedSettings;

/// A file in memory, with a name that the loader can open.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("settings", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(fd_)) {
    require(fd_ >= 0, "there is a file in memory");
  }
  const std::string& path() const { return path_; }
  void write(std::string_view text) {
    const bool is_written = ::ftruncate(fd_, 0) == 0 &&
                            ::pwrite(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
    require(is_written, "there is room in memory");
  }

 private:
  int fd_;
  std::string path_;
};

LoadedSettings load_file(std::string_view text) {
  static MemoryFile file;
  file.write(text);
  const char* const arguments[] = {"latchkeyd", "--config", file.path().c_str()};
  return server::load_settings(3, arguments, {});
}

LoadedSettings load_environment(std::string_view text) {
  Environment environment;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    const std::string_view name = take_until(line, '=');
    if (name == "LATCHKEY_CONFIG") continue;  // it would make the loader read any file of this machine
    environment.emplace("LATCHKEY_" + std::string(name), line);
  }
  const char* const arguments[] = {"latchkeyd"};
  return server::load_settings(1, arguments, environment);
}

LoadedSettings load_flags(std::string_view text) {
  std::vector<std::string> words = {"latchkeyd"};
  while (!text.empty()) {
    const std::string word(take_until(text, '\n'));
    // As above. Also, an argument of main ends at its first NUL.
    if (word.find("config") == std::string::npos && word.find('\0') == std::string::npos)
      words.push_back(word);
  }
  std::vector<const char*> arguments;
  for (const std::string& word : words) arguments.push_back(word.c_str());
  return server::load_settings(static_cast<int>(arguments.size()), arguments.data(), {});
}

void check_written_out(const LoadedSettings& loaded) {
  const std::string text = server::config_text(loaded.settings);
  // A path may hold any bytes, but a TOML file only UTF-8.
  if (!is_utf8(text)) return;
  const LoadedSettings again = load_file(text);
  for (const std::string& problem : again.problems) std::fprintf(stderr, "%s\n", problem.c_str());
  require(again.problems.empty(), "what it accepts it accepts again");
  require(server::config_text(again.settings) == text, "what it accepts is written back equal");
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::fuzz;
  if (size == 0) return 0;
  const std::string_view text = text_of(data + 1, size - 1);
  LoadedSettings loaded;
  switch (data[0]) {
    case 'e':
      loaded = load_environment(text);
      break;
    case 'f':
      loaded = load_flags(text);
      break;
    default:
      loaded = load_file(text);
      break;
  }
  for (const std::string& problem : loaded.problems) require(!problem.empty(), "a problem is told");
  if (loaded.problems.empty()) check_written_out(loaded);
  return 0;
}
