// latchkeyd: reads its settings, and serves.
#include <fcntl.h>
#include <unistd.h>

#include <iostream>
#include <optional>

#include "latchkey/server/server.h"
#include "latchkey/server/settings.h"
#include "latchkey/server/stderr_sink.h"

namespace {

// Whoever starts a program without one of them would have the next file or socket take its number, and the
// log be written there.
void fill_standard_descriptors() noexcept {
  for (int descriptor = ::open("/dev/null", O_RDWR); descriptor >= 0;
       descriptor = ::open("/dev/null", O_RDWR)) {
    if (descriptor <= STDERR_FILENO) continue;
    ::close(descriptor);
    return;
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  using namespace latchkey::server;
  fill_standard_descriptors();
  const LoadedSettings loaded = load_settings(argument_count, arguments, to_environment(environ));
  const std::optional<int> status = answer_without_serving(loaded, std::cout, std::cerr);
  if (status) return *status;
  const latchkey::Result<void> served = serve(loaded.settings);
  if (served) return kExitDone;
  say_on_stderr("latchkeyd: " + served.error().text + '\n');
  return kExitRefused;
}
